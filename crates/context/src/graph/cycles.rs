//! Strongly connected components, after R. Tarjan, "Depth-first search and
//! linear graph algorithms" (1972), without recursion.

use super::adjacency::Adjacency;

/// The parts of a graph in which each node leads to each, a part before those
/// that lead to it; a node that is in no ring is a part alone.
pub fn components(graph: &Adjacency) -> Vec<Vec<u32>> {
    const NEW: u32 = u32::MAX;
    let count = graph.len();
    let mut order = vec![NEW; count];
    let mut low = vec![0_u32; count];
    let mut is_open = vec![false; count];
    let mut open: Vec<u32> = Vec::new();
    let mut found = Vec::new();
    let mut next = 0;
    // Nodes on the way, each with how many of its edges were followed.
    let mut way: Vec<(u32, usize)> = Vec::new();
    for root in 0..count as u32 {
        if order[root as usize] != NEW {
            continue;
        }
        way.push((root, 0));
        while let Some((node, followed)) = way.last_mut() {
            let at = *node as usize;
            if *followed == 0 {
                order[at] = next;
                low[at] = next;
                next += 1;
                is_open[at] = true;
                open.push(*node);
            }
            if let Some((target, _)) = graph.of(*node).get(*followed) {
                *followed += 1;
                let to = *target as usize;
                if order[to] == NEW {
                    way.push((*target, 0));
                } else if is_open[to] {
                    low[at] = low[at].min(order[to]);
                }
                continue;
            }
            let node = *node;
            way.pop();
            if let Some((around, _)) = way.last() {
                let around = *around as usize;
                low[around] = low[around].min(low[at]);
            }
            if low[at] == order[at] {
                let mut part = Vec::new();
                while let Some(member) = open.pop() {
                    is_open[member as usize] = false;
                    part.push(member);
                    if member == node {
                        break;
                    }
                }
                part.sort_unstable();
                found.push(part);
            }
        }
    }
    found
}
