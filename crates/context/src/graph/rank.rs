//! How central nodes are: `PageRank`, personalised by where one begins anew
//! (L. Page and others, "The `PageRank` citation ranking", 1999).

use super::adjacency::Adjacency;

/// How often a walker goes on along an edge and does not begin anew.
const DAMPING: f64 = 0.85;

/// A round that changes less than this is the last.
const LEAST_CHANGE: f64 = 1e-7;

const MOST_ROUNDS: usize = 60;

/// The share of time that a walker spends at each node, who begins at nodes by
/// their `wish`; all are alike where no wish is above zero. The shares add up
/// to one.
pub fn page_rank(graph: &Adjacency, wish: &[f64]) -> Vec<f64> {
    let count = graph.len();
    if count == 0 {
        return Vec::new();
    }
    let sum: f64 = wish.iter().take(count).filter(|one| **one > 0.0).sum();
    let begin: Vec<f64> = if sum > 0.0 {
        (0..count).map(|node| wish.get(node).map_or(0.0, |one| one.max(0.0) / sum)).collect()
    } else {
        vec![1.0 / count as f64; count]
    };
    let weights: Vec<f64> = (0..count as u32)
        .map(|node| graph.of(node).iter().map(|(_, weight)| f64::from(*weight)).sum())
        .collect();
    let mut rank = begin.clone();
    for _ in 0..MOST_ROUNDS {
        let mut next = vec![0.0; count];
        // Who cannot go on begins anew.
        let mut stuck = 0.0;
        for node in 0..count {
            if weights[node] <= 0.0 {
                stuck += rank[node];
                continue;
            }
            let share = rank[node] / weights[node];
            for (target, weight) in graph.of(node as u32) {
                next[*target as usize] += share * f64::from(*weight);
            }
        }
        let mut change = 0.0;
        for node in 0..count {
            next[node] =
                DAMPING * (next[node] + stuck * begin[node]) + (1.0 - DAMPING) * begin[node];
            change += (next[node] - rank[node]).abs();
        }
        rank = next;
        if change < LEAST_CHANGE {
            break;
        }
    }
    rank
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_many_use_is_central() {
        let edges = [(0, 3), (1, 3), (2, 3), (3, 4)];
        let graph = Adjacency::new(5, edges.map(|(from, to)| (from, to, 1.0)).to_vec());
        let rank = page_rank(&graph, &[]);
        assert!(rank[3] > rank[0] && rank[4] > rank[0], "{rank:?}");
        let near = page_rank(&graph, &[1.0, 0.0, 0.0, 0.0, 0.0]);
        assert!(near[0] > rank[0] && near[1] == 0.0, "{near:?}");
    }

    proptest! {
        #[test]
        fn shares_add_up_to_one(
            pairs in prop::collection::vec((0..7_u32, 0..7_u32), 0..20),
            wish in prop::collection::vec(0.0..3.0_f64, 0..9),
        ) {
            let edges = pairs.iter().map(|(from, to)| (*from, *to, 0.5)).collect();
            let rank = page_rank(&Adjacency::new(7, edges), &wish);
            prop_assert!((rank.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(rank.iter().all(|one| *one >= 0.0));
        }
    }
}
