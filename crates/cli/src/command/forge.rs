//! `mlx-code issue` and `mlx-code pull-request`: what is said where a repository
//! is published; and how its host is asked.

use mlxcode_core::forge::{
    ChangeRequest, Comment, ForgeKind, ForgeOptions, Host as ForgeHost, Issue, Place, Token,
};
use mlxcode_core::{
    EnvironmentSecrets, Error, InputError, Lock, Passphrases, PublishedReader, SecretName,
    Workspace, secrets,
};

use crate::args;
use crate::command::task::pair;
use crate::command::{Common, dirs, secret};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, IssueOutput, PullRequestOutput};
use crate::output::{Style, visible};

/// Shows an issue.
pub fn issue(args: &args::Issue, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let place = workspace.change_place(&args.issue, &hosts(&args.host, &workspace)?)?;
    let options = options(&place, &workspace, host)?;
    let issue = workspace.read_issue(&place, &options, &host.cancel)?;
    if common.json {
        json::write(host, &IssueOutput::new(&issue))?;
    } else {
        show_issue(&issue, host)?;
    }
    Ok(SUCCESS)
}

/// Shows a pull request or a merge request.
pub fn pull_request(args: &args::PullRequest, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let place = workspace.change_place(&args.change, &hosts(&args.host, &workspace)?)?;
    let options = options(&place, &workspace, host)?;
    let change = workspace.read_change(&place, &options, &host.cancel)?;
    if common.json {
        json::write(host, &PullRequestOutput::new(&change))?;
    } else if args.diff {
        written(host.stream(&change.diff()))?;
    } else {
        show_change(&change, host)?;
    }
    Ok(SUCCESS)
}

fn show_issue(issue: &Issue, host: &mut Host<'_>) -> Outcome<()> {
    let what = if issue.is_change { "pull request" } else { "issue" };
    let mut head = format!("{what} {}, {}, by {}", issue.number, issue.state, issue.author);
    if !issue.labels.is_empty() {
        head.push_str(&format!(", {}", issue.labels.join(", ")));
    }
    show_text(&issue.title, &[&head, &issue.url], &issue.body, &issue.comments, host)
}

fn show_change(change: &ChangeRequest, host: &mut Host<'_>) -> Outcome<()> {
    let draft = if change.draft { ", a draft" } else { "" };
    let (from, to) = (&change.head_branch, &change.base_branch);
    let head = format!(
        "pull request {}, {}{draft}, by {}, {from} into {to}",
        change.number, change.state, change.author
    );
    show_text(&change.title, &[&head, &change.url], &change.body, &change.comments, host)?;
    written(writeln!(host.output))?;
    for file in &change.files {
        let was = match &file.previous_path {
            Some(path) if *path != file.path => format!(" (was {path})"),
            _ => String::new(),
        };
        let state = format!("{:?}", file.state).to_lowercase();
        written(writeln!(host.output, "{state} {}{}", visible(&file.path), visible(was)))?;
    }
    Ok(())
}

/// A text and what was said to it. It is others' text: nothing in it steers the
/// terminal.
fn show_text(
    title: &str,
    about: &[&str],
    body: &str,
    comments: &[Comment],
    host: &mut Host<'_>,
) -> Outcome<()> {
    let style = Style::for_output(host);
    written(writeln!(host.output, "{}", style.strong(visible(title))))?;
    for line in about {
        written(writeln!(host.output, "{}", visible(line)))?;
    }
    if !body.trim().is_empty() {
        written(writeln!(host.output, "\n{}", visible(body.trim_end())))?;
    }
    for comment in comments {
        let place = match (&comment.path, comment.line) {
            (Some(path), Some(line)) => format!(" on {path}:{line}"),
            (Some(path), None) => format!(" on {path}"),
            _ => String::new(),
        };
        let head = format!("{}{place}, {}", comment.author, comment.created_at);
        written(writeln!(host.output, "\n{}", style.place(visible(head))))?;
        written(writeln!(host.output, "{}", visible(comment.body.trim_end())))?;
    }
    Ok(())
}

/// The hosts that are known: those that are named now go first.
pub fn hosts(own: &[String], workspace: &Workspace) -> Outcome<Vec<ForgeHost>> {
    let mut hosts = Vec::new();
    for text in own {
        let (name, kind) = pair(text)?;
        let kind = match kind.as_str() {
            "github" => ForgeKind::GitHub,
            "gitlab" => ForgeKind::GitLab,
            _ => return Err(InputError::NoPair { text: text.clone() }.into()),
        };
        // `http://127.0.0.1:8080/api/v4` names the interface itself.
        let host = match name.split_once("://") {
            Some((_, rest)) => {
                let authority = rest.split('/').next().unwrap_or_default();
                ForgeHost::with_api(authority, kind, &name)
            }
            None => ForgeHost::new(&name, kind),
        };
        hosts.push(host?);
    }
    hosts.extend(workspace.config().forge_hosts()?);
    Ok(hosts)
}

/// How a conversation reads what somebody names with `@issue:12`. Nobody is asked
/// for a password in the middle of a turn: what is locked is not there then.
pub fn reader(workspace: &Workspace, host: &Host<'_>) -> Outcome<PublishedReader> {
    let config = workspace.config();
    let mut options = ForgeOptions::default();
    options.offline = host.hub.offline || config.offline == Some(true);
    options.loopback_offline = true;
    options.proxy.clone_from(&host.hub.proxy);
    let (kept_in, surroundings, config) = (dirs(host)?, host.secrets.clone(), config.clone());
    let token = move |host: &ForgeHost| {
        let (own, lock) = (config.forge_key(host)?, Lock::AsItIs);
        // What is kept goes before what a variable holds.
        let mut places = surroundings.clone();
        places.environment = EnvironmentSecrets::default();
        let all = secrets(&kept_in, places, false, lock, Passphrases::default());
        let found = all.get(&own).ok().flatten().map(|found| found.value);
        let found = match found.or_else(|| surroundings.given(&own)) {
            None => kind_key(host)?.and_then(|name| surroundings.given(&name)),
            found => found,
        };
        Ok(found.map(|token| Token::new(token.reveal())).transpose()?)
    };
    Ok(PublishedReader::new(workspace.config().forge_hosts()?, options, token))
}

/// GitHub's own program has variables for hosts of one's own; the token of the
/// public host goes to none of them.
fn kind_key(host: &ForgeHost) -> Result<Option<SecretName>, Error> {
    let is_own = host.name() != "github.com" && host.kind() == ForgeKind::GitHub;
    Ok(if is_own { Some(SecretName::new("github-enterprise")?) } else { None })
}

/// How a host is asked: with the token for it, and never where the network is
/// switched off.
pub fn options(place: &Place, workspace: &Workspace, host: &mut Host<'_>) -> Outcome<ForgeOptions> {
    let config = workspace.config();
    let mut options = ForgeOptions::default();
    options.offline = host.hub.offline || config.offline == Some(true);
    // Somebody named a host on this machine: that is the choice.
    options.loopback_offline = true;
    options.proxy.clone_from(&host.hub.proxy);
    let own = config.forge_key(&place.host)?;
    let mut token = secret::kept_or_given(&own, host)?;
    if token.is_none() {
        token = kind_key(&place.host)?.and_then(|name| host.secrets.given(&name));
    }
    options.token = token.map(|token| Token::new(token.reveal())).transpose()?;
    Ok(options)
}
