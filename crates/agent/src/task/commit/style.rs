//! What the messages of a repository have in common.

use std::collections::BTreeMap;

use mlxcode_git::Commit;
use serde::Serialize;

use super::subject::Subject;
use super::verbs::{Mood, mood_of};

/// A rule is one that so many of a hundred messages follow.
const RULE_SHARE: f64 = 0.6;

/// Fewer messages say nothing.
const LEAST_COMMITS: usize = 5;

/// Examples that a model is shown.
const EXAMPLES: usize = 8;

/// Names of types and scopes that are kept, the most used ones.
const MOST_NAMES: usize = 16;

/// Where a repository's subjects are shorter or longer, these are the limits
/// all the same: git's own advice, and what a line of a terminal holds.
const LENGTHS: (usize, usize) = (50, 100);

/// How the subjects of a repository begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "form")]
pub enum Form {
    /// `feat(parser): …` (conventionalcommits.org).
    Conventional {
        /// The types in use, the most used first.
        types: Vec<String>,
        /// The scopes in use.
        scopes: Vec<String>,
        /// Whether most have a scope.
        scoped: bool,
    },
    /// `parser: …`, the area in front.
    Area {
        /// The areas in use, the most used first.
        areas: Vec<String>,
    },
    /// `[parser] …`.
    Bracket {
        /// What stands in the brackets.
        areas: Vec<String>,
    },
    /// Nothing in particular.
    Plain,
}

/// What the messages of a repository have in common: what it says is a rule
/// there, what it leaves open is free.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CommitStyle {
    /// How many messages were looked at; merges, reverts and those of robots
    /// are not.
    pub commits: usize,
    /// How subjects begin.
    pub form: Form,
    /// Whether the words of the subject begin with a capital.
    pub capital: Option<bool>,
    /// Whether the subject ends with a full stop.
    pub full_stop: Option<bool>,
    /// How the first verb stands.
    pub mood: Option<Mood>,
    /// The longest subject, in characters.
    pub longest: usize,
    /// The share of messages with a body.
    pub body_share: f64,
    /// The longest line of a body.
    pub body_width: usize,
    /// Whether a picture stands in front.
    pub emoji: bool,
    /// Whether the number of a ticket stands in front: `ABC-123`.
    pub ticket: bool,
    /// Trailers that most messages have, such as `Signed-off-by`.
    pub trailers: Vec<String>,
    /// Messages of the repository, as examples.
    pub examples: Vec<String>,
}

impl Default for CommitStyle {
    /// What is advised where there is no history: an imperative with a capital,
    /// no full stop, fifty characters and some.
    fn default() -> Self {
        Self {
            commits: 0,
            form: Form::Plain,
            capital: Some(true),
            full_stop: Some(false),
            mood: Some(Mood::Imperative),
            longest: 72,
            body_share: 0.3,
            body_width: 72,
            emoji: false,
            ticket: false,
            trailers: Vec::new(),
            examples: Vec::new(),
        }
    }
}

impl CommitStyle {
    /// Conventional commits, whatever the history is like; scopes and lengths
    /// are learned from it all the same.
    pub fn conventional(commits: &[Commit]) -> Self {
        let learned = Self::learn(commits);
        let (types, scopes, scoped) = match learned.form {
            Form::Conventional { types, scopes, scoped } => (types, scopes, scoped),
            Form::Area { areas } | Form::Bracket { areas } => (Vec::new(), areas, false),
            Form::Plain => (Vec::new(), Vec::new(), false),
        };
        let mut all = types;
        for known in CONVENTIONAL_TYPES {
            if !all.iter().any(|one| one == known) {
                all.push((*known).to_owned());
            }
        }
        let examples = learned.examples.into_iter().filter(|example| {
            matches!(
                Subject::read(example.lines().next().unwrap_or_default()),
                Subject { kind: Some(_), .. }
            )
        });
        Self {
            form: Form::Conventional { types: all, scopes, scoped },
            capital: Some(false),
            full_stop: Some(false),
            mood: Some(Mood::Imperative),
            examples: examples.collect(),
            emoji: false,
            ..learned
        }
    }

    /// Learns from messages, newest first.
    pub fn learn(commits: &[Commit]) -> Self {
        let own: Vec<&Commit> = commits.iter().filter(|commit| is_own(commit)).collect();
        if own.len() < LEAST_COMMITS {
            return Self::default();
        }
        let subjects: Vec<Subject<'_>> =
            own.iter().map(|commit| Subject::read(&commit.subject)).collect();
        let count = subjects.len() as f64;
        let share = |test: &dyn Fn(&Subject<'_>) -> bool| {
            subjects.iter().filter(|subject| test(subject)).count() as f64 / count
        };
        let form = form(&subjects, &share);
        let words =
            |subject: &Subject<'_>| subject.words.chars().next().filter(|c| c.is_alphabetic());
        let lettered = subjects.iter().filter_map(words);
        let capitals: Vec<bool> = lettered.map(char::is_uppercase).collect();
        let moods: Vec<Mood> = subjects
            .iter()
            .filter_map(|subject| {
                mood_of(
                    subject.words.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default(),
                )
            })
            .collect();
        let mood =
            [Mood::Imperative, Mood::Past, Mood::Present, Mood::Gerund].into_iter().find(|mood| {
                let of = moods.iter().filter(|one| *one == mood).count() as f64;
                // Too few verbs are no habit of beginning with one.
                of >= RULE_SHARE * moods.len() as f64 && of >= 0.25 * count
            });
        let mut lengths: Vec<usize> =
            own.iter().map(|commit| without_number(&commit.subject).chars().count()).collect();
        lengths.sort_unstable();
        let longest = lengths[(lengths.len() - 1) * 9 / 10].clamp(LENGTHS.0, LENGTHS.1);
        let bodies: Vec<&str> =
            own.iter().map(|commit| prose(&commit.body)).filter(|body| !body.is_empty()).collect();
        let mut widths: Vec<usize> =
            bodies.iter().flat_map(|body| body.lines()).map(|line| line.chars().count()).collect();
        widths.sort_unstable();
        let width = widths.get(widths.len().saturating_sub(1) * 9 / 10).copied().unwrap_or(72);
        Self {
            commits: own.len(),
            form: form.clone(),
            capital: rule(&capitals),
            full_stop: rule(
                &subjects.iter().map(|subject| subject.words.ends_with('.')).collect::<Vec<_>>(),
            ),
            mood,
            longest,
            body_share: bodies.len() as f64 / count,
            // Paragraphs on one line are no width.
            body_width: if width > 100 { 0 } else { width.clamp(60, 100) },
            emoji: share(&|subject| subject.emoji.is_some()) >= RULE_SHARE,
            ticket: share(&|subject| subject.ticket.is_some()) >= RULE_SHARE,
            trailers: trailers(&own),
            examples: examples(&own, &form),
        }
    }

    /// The rules in words, for a model and for people.
    pub fn rules(&self) -> Vec<String> {
        let mut rules = Vec::new();
        match &self.form {
            Form::Conventional { types, scopes, scoped } => {
                rules.push(format!(
                    "begin with a type and a colon; the types are: {}",
                    types.join(", ")
                ));
                if !scopes.is_empty() {
                    let must = if *scoped {
                        "put the scope in parentheses behind the type"
                    } else {
                        "a scope in parentheses may follow the type"
                    };
                    rules.push(format!("{must}; known scopes: {}", scopes.join(", ")));
                }
            }
            Form::Area { areas } => {
                rules.push(format!(
                    "begin with the area that changes and a colon; known areas: {}",
                    areas.join(", ")
                ));
            }
            Form::Bracket { areas } => {
                rules.push(format!(
                    "begin with the area in square brackets; known areas: {}",
                    areas.join(", ")
                ));
            }
            Form::Plain => rules.push("no prefix and no label in front".to_owned()),
        }
        if self.emoji {
            rules.push("an emoji stands in front".to_owned());
        }
        if let Some(mood) = self.mood {
            rules.push(format!("the first verb stands in the {}", mood.word()));
        }
        match self.capital {
            Some(true) => rules.push("the words begin with a capital letter".to_owned()),
            Some(false) => rules.push("the words begin with a small letter".to_owned()),
            None => {}
        }
        match self.full_stop {
            Some(true) => rules.push("the subject ends with a full stop".to_owned()),
            Some(false) => rules.push("no full stop at the end of the subject".to_owned()),
            None => {}
        }
        rules.push(format!("the subject has {} characters at most", self.longest));
        rules
    }
}

/// The types of the convention, as the Angular project named them.
pub const CONVENTIONAL_TYPES: &[&str] =
    &["feat", "fix", "docs", "refactor", "perf", "test", "build", "ci", "chore", "style", "revert"];

/// The share of the subjects for which something holds.
type Share<'s> = &'s dyn Fn(&dyn Fn(&Subject<'_>) -> bool) -> f64;

fn form(subjects: &[Subject<'_>], share: Share<'_>) -> Form {
    if share(&|subject| subject.kind.is_some()) >= RULE_SHARE {
        let scoped = subjects.iter().filter(|subject| subject.scope.is_some()).count();
        let typed = subjects.iter().filter(|subject| subject.kind.is_some()).count();
        return Form::Conventional {
            types: most_used(subjects.iter().filter_map(|subject| subject.kind)),
            scopes: most_used(subjects.iter().filter_map(|subject| subject.scope)),
            scoped: scoped as f64 >= RULE_SHARE * typed as f64,
        };
    }
    if share(&|subject| subject.area.is_some() || subject.kind.is_some()) >= RULE_SHARE {
        let areas = subjects.iter().filter_map(|subject| subject.area.or(subject.kind));
        return Form::Area { areas: most_used(areas) };
    }
    if share(&|subject| subject.bracket.is_some()) >= RULE_SHARE {
        let areas = subjects.iter().filter_map(|subject| subject.bracket);
        return Form::Bracket { areas: most_used(areas) };
    }
    Form::Plain
}

fn rule(of: &[bool]) -> Option<bool> {
    let yes = of.iter().filter(|one| **one).count() as f64;
    let all = of.len() as f64;
    match () {
        () if of.is_empty() => None,
        () if yes >= RULE_SHARE * all => Some(true),
        () if all - yes >= RULE_SHARE * all => Some(false),
        () => None,
    }
}

fn most_used<'t>(names: impl Iterator<Item = &'t str>) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    let mut all: Vec<(&str, usize)> = counts.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    all.into_iter().take(MOST_NAMES).map(|(name, _)| name.to_owned()).collect()
}

/// Whether a person wrote the message for this change.
fn is_own(commit: &Commit) -> bool {
    let by_robot = commit.author.contains("[bot]") || commit.author.ends_with("-bot");
    let starts = ["Merge ", "Revert \"", "fixup! ", "squash! ", "amend! ", "WIP"];
    !by_robot
        && !commit.subject.trim().is_empty()
        && !starts.iter().any(|start| commit.subject.starts_with(start))
}

/// The subject without the `(#123)` that a host appends when it merges.
pub fn without_number(subject: &str) -> &str {
    let trimmed = subject.trim_end();
    let cut = trimmed.rfind(" (#").filter(|at| {
        let inner = trimmed[at + 3..].strip_suffix(')');
        inner.is_some_and(|digits| {
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
    });
    cut.map_or(trimmed, |at| &trimmed[..at])
}

/// A body without its trailers.
fn prose(body: &str) -> &str {
    let body = body.trim();
    let last = body.rfind("\n\n").map_or(0, |at| at + 2);
    let is_trailers = body[last..].lines().all(|line| trailer_name(line).is_some());
    if is_trailers { body[..last].trim() } else { body }
}

fn trailer_name(line: &str) -> Option<&str> {
    let (name, value) = line.split_once(": ")?;
    let plain = name.contains('-') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (plain && !value.trim().is_empty()).then_some(name)
}

fn trailers(own: &[&Commit]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for commit in own {
        let mut names: Vec<&str> = commit.body.lines().filter_map(trailer_name).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            *counts.entry(name).or_default() += 1;
        }
    }
    let most =
        counts.into_iter().filter(|(_, count)| *count as f64 >= RULE_SHARE * own.len() as f64);
    most.map(|(name, _)| name.to_owned()).collect()
}

/// Messages of middle length that have the form, spread over the history, each
/// once.
fn examples(own: &[&Commit], form: &Form) -> Vec<String> {
    let fits = |commit: &&&Commit| {
        let subject = Subject::read(&commit.subject);
        let of_form = match form {
            Form::Conventional { .. } => subject.kind.is_some(),
            Form::Area { .. } => subject.area.is_some() || subject.kind.is_some(),
            Form::Bracket { .. } => subject.bracket.is_some(),
            Form::Plain => subject.kind.is_none() && subject.bracket.is_none(),
        };
        of_form && (15..=LENGTHS.1).contains(&commit.subject.chars().count())
    };
    let fitting: Vec<&&Commit> = own.iter().filter(fits).collect();
    let step = fitting.len().div_ceil(EXAMPLES).max(1);
    let mut found: Vec<String> = Vec::new();
    for commit in fitting.iter().step_by(step) {
        let subject = without_number(&commit.subject).to_owned();
        if !found.contains(&subject) {
            found.push(subject);
        }
    }
    found
}
