//! `mlx-code graph`: what depends on what.

use mlxcode_core::{CodeGraph, GraphFormat, Navigation, NodeId, Reached, Workspace};

use crate::args::{Format, Graph};
use crate::command::{Common, place};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{EdgeOutput, GraphOutput, NodeOutput, UnusedOutput};
use crate::output::{Style, count, json};

/// How many of the most central files the report names.
const SHOWN: usize = 15;

/// Runs the verb.
pub fn run(args: &Graph, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let navigation = workspace.navigation(&host.cancel)?;
    let graph = navigation.graph();
    let around = match &args.place {
        Some(typed) => nodes(&workspace, &navigation, host, typed)?,
        None => Vec::new(),
    };
    let way = match (&args.from, &args.to) {
        (Some(from), Some(to)) => {
            let from = nodes(&workspace, &navigation, host, from)?;
            let to = nodes(&workspace, &navigation, host, to)?;
            let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)));
            let ways = pairs.filter_map(|(from, to)| graph.path(from, to));
            Some(ways.min_by_key(Vec::len).unwrap_or_default())
        }
        _ => None,
    };
    let shown = selected(args, graph, &around, way.as_deref());
    if let Some(format) = args.format {
        let format = match format {
            Format::Dot => GraphFormat::Dot,
            Format::Mermaid => GraphFormat::Mermaid,
            Format::Json => GraphFormat::Json,
            Format::Html => GraphFormat::Html,
        };
        written(write!(host.output, "{}", graph.render(&shown, format)))?;
        return Ok(SUCCESS);
    }
    if common.json {
        let mut document = document(graph, &shown);
        let names = |nodes: &[NodeId]| -> Vec<String> {
            nodes.iter().map(|node| graph.node(*node).name()).collect()
        };
        document.cycles =
            args.cycles.then(|| graph.cycles().iter().map(|ring| names(ring)).collect());
        document.way = way.map(|way| names(&way));
        document.unused = args.unused.then(|| unused(graph));
        json::write(host, &document)?;
        return Ok(SUCCESS);
    }
    if let Some(way) = way {
        return show_way(graph, &way, host);
    }
    if args.cycles {
        return show_cycles(graph, host);
    }
    if args.unused {
        for one in unused(graph) {
            written(writeln!(host.output, "{:6}  {}  {}", one.confidence, one.name, one.kind))?;
        }
        return Ok(SUCCESS);
    }
    if args.impact {
        return show_reached(graph, "Reached", &impact(graph, &around), host);
    }
    if args.place.is_some() {
        let depth = Some(args.depth);
        for node in &around {
            let style = Style::for_output(host);
            written(writeln!(host.output, "{}", style.strong(graph.node(*node).name())))?;
            show_reached(graph, "Uses", &graph.dependencies(*node, depth), host)?;
            show_reached(graph, "Used by", &graph.dependents(*node, depth), host)?;
        }
        return Ok(SUCCESS);
    }
    report(graph, host)
}

fn nodes(
    workspace: &Workspace,
    navigation: &Navigation,
    host: &Host<'_>,
    typed: &str,
) -> Outcome<Vec<NodeId>> {
    Ok(navigation.nodes(&place(workspace, host, typed)?)?)
}

/// The nodes that are asked for.
fn selected(
    args: &Graph,
    graph: &CodeGraph,
    around: &[NodeId],
    way: Option<&[NodeId]>,
) -> Vec<NodeId> {
    if let Some(way) = way {
        return way.to_vec();
    }
    if args.cycles {
        return graph.cycles().concat();
    }
    if args.unused {
        return graph.unreferenced().into_iter().map(|one| one.node).collect();
    }
    if args.place.is_none() {
        return graph.files().collect();
    }
    let depth = Some(args.depth);
    let reached =
        |node: &NodeId| [graph.dependencies(*node, depth), graph.dependents(*node, depth)].concat();
    let found =
        if args.impact { impact(graph, around) } else { around.iter().flat_map(reached).collect() };
    let mut found: Vec<NodeId> = found.into_iter().map(|one| one.node).collect();
    found.extend(around);
    found.sort_unstable();
    found.dedup();
    found
}

fn impact(graph: &CodeGraph, around: &[NodeId]) -> Vec<Reached> {
    around.iter().flat_map(|node| graph.impact(*node)).collect()
}

fn unused(graph: &CodeGraph) -> Vec<UnusedOutput> {
    let found = graph.unreferenced().into_iter();
    found.map(|one| UnusedOutput::new(&graph.node(one.node), one.confidence)).collect()
}

fn document(graph: &CodeGraph, shown: &[NodeId]) -> GraphOutput {
    let mut shown = shown.to_vec();
    shown.sort_unstable();
    let place = |node: NodeId| shown.binary_search(&node).ok();
    let edges = graph.file_edges().chain(
        graph
            .symbol_edges()
            .filter(|(from, to, _)| graph.file_of(*from) != *from || graph.file_of(*to) != *to),
    );
    let edges = edges.filter_map(|(from, to, weight)| {
        let (from, to) = (place(from)?, place(to)?);
        Some(EdgeOutput { from, to, weight })
    });
    let edges = edges.collect();
    let nodes = shown.iter().map(|node| NodeOutput::new(&graph.node(*node))).collect();
    GraphOutput { nodes, edges, cycles: None, way: None, unused: None }
}

fn show_way(graph: &CodeGraph, way: &[NodeId], host: &mut Host<'_>) -> Outcome {
    if way.is_empty() {
        written(writeln!(host.messages, "No way leads there."))?;
    }
    let style = Style::for_output(host);
    for node in way {
        written(writeln!(host.output, "{}", style.place(graph.node(*node).name())))?;
    }
    Ok(SUCCESS)
}

fn show_cycles(graph: &CodeGraph, host: &mut Host<'_>) -> Outcome {
    let cycles = graph.cycles();
    let style = Style::for_output(host);
    for ring in &cycles {
        written(writeln!(host.output, "{}", style.strong(count(ring.len(), "file"))))?;
        for node in ring {
            written(writeln!(host.output, "  {}", style.place(graph.node(*node).name())))?;
        }
    }
    if cycles.is_empty() {
        written(writeln!(host.messages, "No files use each other in a ring."))?;
    }
    Ok(SUCCESS)
}

fn show_reached(graph: &CodeGraph, title: &str, found: &[Reached], host: &mut Host<'_>) -> Outcome {
    let style = Style::for_output(host);
    written(writeln!(host.output, "{title}: {}", found.len()))?;
    for one in found {
        let steps =
            if one.steps > 1 { format!("  over {} steps", one.steps) } else { String::new() };
        let name = style.place(graph.node(one.node).name());
        written(writeln!(host.output, "  {name}{}", style.dim(steps)))?;
    }
    Ok(SUCCESS)
}

/// What can be said of a whole tree in a few lines.
fn report(graph: &CodeGraph, host: &mut Host<'_>) -> Outcome {
    let style = Style::for_output(host);
    let symbols = count(graph.node_count() - graph.file_count(), "symbol");
    let cycles = count(graph.cycles().len(), "ring");
    let files = count(graph.file_count(), "file");
    written(writeln!(host.output, "{files}, {symbols}, {cycles} of files"))?;
    let ranks = graph.file_ranks(&[]);
    let mut ranked: Vec<(NodeId, f64)> = graph.files().zip(ranks).collect();
    ranked.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    written(writeln!(host.output, "\n{}", style.strong("Most central:")))?;
    for (node, _) in ranked.into_iter().take(SHOWN) {
        let users = count(graph.dependents(node, Some(1)).len(), "file");
        let name = style.place(graph.node(node).name());
        written(writeln!(host.output, "  {name}  {}", style.dim(format!("used by {users}"))))?;
    }
    Ok(SUCCESS)
}
