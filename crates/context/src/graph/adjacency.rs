//! Which node leads to which, laid out in rows.

use std::collections::VecDeque;

/// The edges of a graph, by the node that they begin at, each with a weight.
#[derive(Clone, Debug, Default)]
pub struct Adjacency {
    starts: Vec<u32>,
    targets: Vec<(u32, f32)>,
}

impl Adjacency {
    /// Edges between `count` nodes; those between the same two are joined.
    pub fn new(count: usize, mut edges: Vec<(u32, u32, f32)>) -> Self {
        edges.sort_unstable_by_key(|(from, to, _)| (*from, *to));
        edges.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2 += next.2;
            }
            same
        });
        let mut starts = vec![0_u32; count + 1];
        for (from, _, _) in &edges {
            starts[*from as usize + 1] += 1;
        }
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        let targets = edges.into_iter().map(|(_, to, weight)| (to, weight)).collect();
        Self { starts, targets }
    }

    /// The same edges, the other way round.
    pub fn reversed(&self) -> Self {
        let edges = self.edges().map(|(from, to, weight)| (to, from, weight)).collect();
        Self::new(self.len(), edges)
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// All edges, by where they begin.
    pub fn edges(&self) -> impl Iterator<Item = (u32, u32, f32)> + '_ {
        (0..self.len() as u32)
            .flat_map(|from| self.of(from).iter().map(move |(to, weight)| (from, *to, *weight)))
    }

    /// Where the edges of a node lead.
    pub fn of(&self, node: u32) -> &[(u32, f32)] {
        let node = node as usize;
        let (Some(start), Some(end)) = (self.starts.get(node), self.starts.get(node + 1)) else {
            return &[];
        };
        &self.targets[*start as usize..*end as usize]
    }

    /// The nodes that are reached from some, but not these themselves, by the
    /// number of edges to them, the closest first.
    pub fn reached(&self, from: &[u32], most_steps: Option<usize>) -> Vec<(u32, usize)> {
        let mut seen = vec![false; self.len()];
        let mut queue = VecDeque::new();
        for node in from {
            seen[*node as usize] = true;
            queue.push_back((*node, 0));
        }
        let mut found = Vec::new();
        while let Some((node, steps)) = queue.pop_front() {
            if most_steps.is_some_and(|most| steps >= most) {
                continue;
            }
            for (next, _) in self.of(node) {
                if !std::mem::replace(&mut seen[*next as usize], true) {
                    found.push((*next, steps + 1));
                    queue.push_back((*next, steps + 1));
                }
            }
        }
        found
    }

    /// A shortest way from one node to another, both included.
    pub fn path(&self, from: u32, to: u32) -> Option<Vec<u32>> {
        let mut before = vec![u32::MAX; self.len()];
        let mut queue = VecDeque::from([from]);
        before[from as usize] = from;
        while let Some(node) = queue.pop_front() {
            if node == to {
                let mut way = vec![to];
                let mut at = to;
                while at != from {
                    at = before[at as usize];
                    way.push(at);
                }
                way.reverse();
                return Some(way);
            }
            for (next, _) in self.of(node) {
                if before[*next as usize] == u32::MAX {
                    before[*next as usize] = node;
                    queue.push_back(*next);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::cycles::components;
    use super::*;
    use proptest::prelude::*;

    /// The number of edges between all pairs, by Floyd and Warshall.
    fn distances(count: usize, edges: &[(u32, u32, f32)]) -> Vec<Vec<usize>> {
        const FAR: usize = usize::MAX / 4;
        let mut all = vec![vec![FAR; count]; count];
        for (place, row) in all.iter_mut().enumerate() {
            row[place] = 0;
        }
        for (from, to, _) in edges.iter().filter(|(from, to, _)| from != to) {
            all[*from as usize][*to as usize] = 1;
        }
        for middle in 0..count {
            let through = all[middle].clone();
            for row in &mut all {
                let first = row[middle];
                for (far, rest) in row.iter_mut().zip(&through) {
                    *far = (*far).min(first + rest);
                }
            }
        }
        all
    }

    proptest! {
        #[test]
        fn answers_are_those_of_all_pairs(
            pairs in prop::collection::vec((0..9_u32, 0..9_u32), 0..30),
        ) {
            let edges: Vec<_> = pairs.iter().map(|(from, to)| (*from, *to, 1.0)).collect();
            let graph = Adjacency::new(9, edges.clone());
            let back = graph.reversed();
            let all = distances(9, &edges);
            let near = |from: usize, to: usize| all[from][to] < 9;
            let parts = components(&graph);
            for (from, row) in all.iter().enumerate() {
                let mut reached = graph.reached(&[from as u32], None);
                reached.sort_unstable();
                let expect: Vec<_> = (0..9)
                    .filter(|to| *to != from && near(from, *to))
                    .map(|to| (to as u32, all[from][to]))
                    .collect();
                prop_assert_eq!(&reached, &expect);
                let mut users = back.reached(&[from as u32], Some(2));
                users.sort_unstable();
                let expect: Vec<_> = (0..9)
                    .filter(|to| *to != from && all[*to][from] <= 2)
                    .map(|to| (to as u32, all[to][from]))
                    .collect();
                prop_assert_eq!(&users, &expect);
                for (to, far) in row.iter().enumerate() {
                    let way = graph.path(from as u32, to as u32);
                    prop_assert_eq!(way.as_ref().map(|way| way.len() - 1), (*far < 9).then_some(*far));
                    for pair in way.iter().flat_map(|way| way.windows(2)) {
                        prop_assert!(pairs.contains(&(pair[0], pair[1])));
                    }
                    let same = parts.iter().any(|part| part.contains(&(from as u32)) && part.contains(&(to as u32)));
                    prop_assert_eq!(same, *far < 9 && near(to, from));
                }
            }
        }
    }
}
