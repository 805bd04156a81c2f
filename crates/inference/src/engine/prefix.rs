//! Keys and values of earlier sequences, kept for those that begin alike.
//!
//! Pages form a tree: a page's parent is the page before it. A sequence that
//! has been answered leaves its pages in the tree; the next one takes those
//! along the path of its own tokens, and copies what it shares of the page
//! where the paths part. When pages run out, the one that was used longest ago
//! and has no children goes first.

use mlxcode_kernels::{PAGE_TOKENS, Pages};

/// The place of a page in the tree.
pub type Node = usize;

/// A page of the tree: the keys and values of some tokens that follow others.
#[derive(Debug)]
struct Kept {
    page: u32,
    /// Up to a page's tokens; fewer only without children.
    tokens: Vec<u32>,
    parent: Option<Node>,
    children: Vec<Node>,
    /// Sequences that read it now.
    readers: usize,
    last_used: u64,
}

/// Pages, and what is known of their content.
#[derive(Debug)]
pub struct PrefixCache {
    pages: Pages,
    free: Vec<u32>,
    nodes: Vec<Option<Kept>>,
    empty: Vec<Node>,
    roots: Vec<Node>,
    clock: u64,
    enabled: bool,
}

/// The pages of one sequence.
#[derive(Debug, Default)]
pub struct Sequence {
    /// Pages of the tree, then its own, in the order of positions.
    pages: Vec<u32>,
    shared: Vec<Node>,
    /// Tokens whose keys and values are there.
    tokens: Vec<u32>,
}

impl Sequence {
    /// The numbers of its pages.
    pub fn pages(&self) -> &[u32] {
        &self.pages
    }

    /// Tokens whose keys and values are there.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Takes note of tokens that were computed.
    pub fn computed(&mut self, tokens: &[u32]) {
        self.tokens.extend_from_slice(tokens);
    }
}

impl PrefixCache {
    /// A cache in some pages. Without `enabled`, nothing is reused.
    pub fn new(pages: Pages, enabled: bool) -> Self {
        let free = (0..pages.capacity() as u32).rev().collect();
        let (nodes, empty, roots) = Default::default();
        Self { pages, free, nodes, empty, roots, clock: 0, enabled }
    }

    /// The memory of the pages.
    pub fn pages(&self) -> &Pages {
        &self.pages
    }

    /// Pages that a new sequence could get: those that are free or that nobody
    /// reads.
    pub fn available(&self) -> usize {
        let idle = self.nodes.iter().flatten().filter(|kept| kept.readers == 0).count();
        self.free.len() + idle
    }

    /// A sequence with all that is known of the longest beginning of `tokens`,
    /// the last one aside, whose logits somebody wants.
    pub fn begin(&mut self, tokens: &[u32]) -> Sequence {
        let mut sequence = Sequence::default();
        self.clock += 1;
        let Some((_, wanted)) = tokens.split_last().filter(|_| self.enabled) else {
            return sequence;
        };
        let mut at = None;
        loop {
            let rest = &wanted[sequence.tokens.len()..];
            let Some((node, count)) = self.best_child(at, rest) else { break };
            let Some(kept) = self.nodes[node].as_mut() else { break };
            kept.last_used = self.clock;
            if count == PAGE_TOKENS {
                kept.readers += 1;
                sequence.pages.push(kept.page);
                sequence.tokens.extend_from_slice(&kept.tokens);
                sequence.shared.push(node);
                at = Some(node);
                continue;
            }
            let (page, known) = (kept.page, kept.tokens[..count].to_vec());
            // So that it is not the one that makes room for its copy.
            kept.readers += 1;
            let copy = self.take();
            if let Some(kept) = self.nodes[node].as_mut() {
                kept.readers -= 1;
            }
            if let Some(copy) = copy {
                self.pages.copy(page, copy, count);
                sequence.pages.push(copy);
                sequence.tokens.extend(known);
            }
            break;
        }
        sequence
    }

    /// The child that shares the most tokens with `rest`, and how many.
    fn best_child(&self, at: Option<Node>, rest: &[u32]) -> Option<(Node, usize)> {
        let children = match at {
            None => &self.roots,
            Some(node) => &self.nodes[node].as_ref()?.children,
        };
        let shared = |node: &Node| {
            let kept = self.nodes[*node].as_ref()?;
            let count = kept.tokens.iter().zip(rest).take_while(|(a, b)| a == b).count();
            Some((*node, count))
        };
        children.iter().filter_map(shared).filter(|(_, n)| *n > 0).max_by_key(|(_, n)| *n)
    }

    /// Gives a sequence pages for `positions` positions in all. False where
    /// there are none left.
    pub fn extend(&mut self, sequence: &mut Sequence, positions: usize) -> bool {
        while sequence.pages.len() * PAGE_TOKENS < positions {
            let Some(page) = self.take() else { return false };
            sequence.pages.push(page);
        }
        true
    }

    /// A page that nobody has.
    fn take(&mut self) -> Option<u32> {
        if self.free.is_empty() {
            let idle = |(node, kept): (Node, &Option<Kept>)| {
                let kept = kept.as_ref()?;
                let idle = kept.readers == 0 && kept.children.is_empty();
                idle.then_some((kept.last_used, node))
            };
            let (_, node) = self.nodes.iter().enumerate().filter_map(idle).min()?;
            self.forget(node);
        }
        self.free.pop()
    }

    /// Takes a page without children out of the tree.
    fn forget(&mut self, node: Node) {
        let Some(kept) = self.nodes[node].take() else { return };
        let siblings = match kept.parent.and_then(|parent| self.nodes[parent].as_mut()) {
            Some(parent) => &mut parent.children,
            None => &mut self.roots,
        };
        siblings.retain(|sibling| *sibling != node);
        self.free.push(kept.page);
        self.empty.push(node);
    }

    /// Ends a sequence: its pages stay for others.
    pub fn end(&mut self, sequence: Sequence) {
        self.clock += 1;
        for node in &sequence.shared {
            if let Some(kept) = self.nodes[*node].as_mut() {
                kept.readers -= 1;
                kept.last_used = self.clock;
            }
        }
        let Sequence { pages, shared, tokens } = sequence;
        let mut parent = shared.last().copied();
        let first = shared.len();
        let mut contents = tokens[(first * PAGE_TOKENS).min(tokens.len())..].chunks(PAGE_TOKENS);
        for page in &pages[first..] {
            match contents.next().filter(|_| self.enabled) {
                Some(content) => match self.keep(parent, *page, content) {
                    Some(node) => parent = Some(node),
                    // It was there already, or nothing can follow it.
                    None => contents = [].chunks(1),
                },
                None => self.free.push(*page),
            }
        }
    }

    /// Puts a page into the tree and gives its place, for the next to follow.
    /// Of two pages with the same beginning the longer stays.
    fn keep(&mut self, parent: Option<Node>, page: u32, content: &[u32]) -> Option<Node> {
        if let Some((node, count)) = self.best_child(parent, content)
            && let Some(kept) = self.nodes[node].as_mut()
        {
            if count == content.len() {
                kept.last_used = self.clock;
                self.free.push(page);
                return (count == PAGE_TOKENS).then_some(node);
            }
            // A page that was begun, and that this one goes on with.
            if count == kept.tokens.len() && kept.readers == 0 {
                self.forget(node);
            }
        }
        let kept = Kept {
            page,
            tokens: content.to_vec(),
            parent,
            children: Vec::new(),
            readers: 0,
            last_used: self.clock,
        };
        let node = self.empty.pop().unwrap_or(self.nodes.len());
        if node == self.nodes.len() {
            self.nodes.push(None);
        }
        self.nodes[node] = Some(kept);
        match parent.and_then(|parent| self.nodes[parent].as_mut()) {
            Some(parent) => parent.children.push(node),
            None => self.roots.push(node),
        }
        (content.len() == PAGE_TOKENS).then_some(node)
    }
}

impl PrefixCache {
    /// Up to `most` pages, those used last, each after its parent.
    pub fn newest(&self, most: usize) -> Vec<Node> {
        let mut nodes: Vec<Node> =
            (0..self.nodes.len()).filter(|node| self.nodes[*node].is_some()).collect();
        // A page was used whenever one after it was, so no parent is left out.
        nodes.sort_by_key(|node| {
            let used = self.nodes[*node].as_ref().map_or(0, |kept| kept.last_used);
            (std::cmp::Reverse(used), self.depth(*node))
        });
        nodes.truncate(most);
        nodes.sort_by_key(|node| self.depth(*node));
        nodes
    }

    /// Pages before this one.
    fn depth(&self, node: Node) -> usize {
        let parent = |node: &Node| self.nodes[*node].as_ref().and_then(|kept| kept.parent);
        std::iter::successors(Some(node), parent).count() - 1
    }

    /// The parent of a page, its tokens and its bytes.
    pub fn kept(&self, node: Node) -> Option<(Option<Node>, &[u32], &[u8])> {
        let kept = self.nodes.get(node)?.as_ref()?;
        Some((kept.parent, &kept.tokens, self.pages.page(kept.page)))
    }

    /// Puts a page that was saved after its parent; `None` where there is no
    /// free one. A page with the same tokens stays as it is.
    pub fn put(&mut self, parent: Option<Node>, tokens: &[u32], bytes: &[u8]) -> Option<Node> {
        if let Some((node, count)) = self.best_child(parent, tokens)
            && count == tokens.len()
        {
            return Some(node);
        }
        // Of what is there nothing has to go for it.
        let page = self.free.pop()?;
        self.pages.page_mut(page).copy_from_slice(bytes);
        self.keep(parent, page, tokens);
        self.best_child(parent, tokens).map(|(node, _)| node)
    }
}

#[cfg(test)]
mod tests {
    use mlxcode_kernels::{CacheShape, CacheType};

    use super::super::snapshot;
    use super::*;

    fn cache(pages: usize) -> PrefixCache {
        let shape = CacheShape { layers: 1, kv_heads: 1, head_dim: 16, kind: CacheType::F32 };
        PrefixCache::new(Pages::new(shape, pages), true)
    }

    /// Computes all of `tokens` that is not known, and tells how many were.
    fn run(cache: &mut PrefixCache, tokens: &[u32]) -> usize {
        let mut sequence = cache.begin(tokens);
        let known = sequence.len();
        assert!(cache.extend(&mut sequence, tokens.len()));
        assert_eq!(sequence.pages().len(), tokens.len().div_ceil(PAGE_TOKENS));
        sequence.computed(&tokens[known..]);
        cache.end(sequence);
        known
    }

    fn text(length: u32, seed: u32) -> Vec<u32> {
        (0..length).map(|place| place * 7 + seed).collect()
    }

    #[test]
    fn what_was_computed_is_known_up_to_the_last_token() {
        let mut cache = cache(32);
        let long = text(100, 1);
        assert_eq!(run(&mut cache, &long), 0);
        // The last token's logits are wanted again.
        assert_eq!(run(&mut cache, &long), 99);
        assert_eq!(run(&mut cache, &long[..64]), 63);
        let mut longer = long.clone();
        longer.extend(text(70, 5000));
        assert_eq!(run(&mut cache, &longer), 100);
        assert_eq!(run(&mut cache, &longer), 169);
        // A path that parts within a page.
        let mut other = long[..50].to_vec();
        other.extend(text(30, 9000));
        assert_eq!(run(&mut cache, &other), 50);
        assert_eq!(run(&mut cache, &other), 79);
        assert_eq!(run(&mut cache, &longer), 169);
        assert_eq!(run(&mut cache, &text(40, 2)), 0);
    }

    #[test]
    fn the_page_used_longest_ago_makes_room() {
        let mut cache = cache(4);
        let (one, two) = (text(64, 1), text(64, 1000));
        run(&mut cache, &one);
        run(&mut cache, &two);
        assert_eq!(run(&mut cache, &one), 63);
        // The copy of the last page took the place of the end of `two`.
        run(&mut cache, &text(64, 5000));
        assert_eq!(run(&mut cache, &two[..33]), 0);
        assert_eq!(cache.available(), 4);
    }

    #[test]
    fn pages_of_those_who_read_stay() {
        let mut cache = cache(4);
        run(&mut cache, &text(64, 1));
        let reader = cache.begin(&text(65, 1));
        assert_eq!(reader.len(), 64);
        let mut other = cache.begin(&text(200, 77));
        assert!(!cache.extend(&mut other, 96));
        assert_eq!(other.pages().len(), 2);
        cache.end(other);
        cache.end(reader);
        assert_eq!(run(&mut cache, &text(64, 1)), 63);
    }

    #[test]
    fn nothing_is_lost_over_many_sequences() {
        let mut cache = cache(12);
        let mut seed = 1_u32;
        for _ in 0..500 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (common, own) = ((seed >> 8) % 150, (seed >> 16) % 120 + 1);
            let mut tokens = text(common, (seed >> 24) % 2);
            tokens.extend(text(own, seed % 1000));
            let known = run(&mut cache, &tokens);
            assert!(known < tokens.len());
            assert_eq!(cache.available(), 12);
        }
    }

    #[test]
    fn what_was_saved_is_known_again() {
        let mut first = cache(16);
        let (long, other) = (text(100, 1), [text(40, 1), text(20, 9000)].concat());
        run(&mut first, &long);
        run(&mut first, &other);
        let bytes = snapshot::save(&first, "a model", usize::MAX);
        let mut second = cache(16);
        assert_eq!(snapshot::restore(&mut second, "a model", &bytes).unwrap(), 100 + 28);
        assert_eq!(run(&mut second, &long), 99);
        assert_eq!(run(&mut second, &other), 59);
        assert_eq!(second.available(), 16);
        // Less room: the beginning of what was used last.
        let few = snapshot::save(&first, "a model", bytes.len() / 2);
        assert!(few.len() <= bytes.len() / 2);
        let mut third = cache(16);
        assert!(snapshot::restore(&mut third, "a model", &few).unwrap() > 0);
        assert!(run(&mut third, &other) >= 32);
        // Nothing of a snapshot that is not whole, or of another model.
        let mut fourth = cache(16);
        assert!(snapshot::restore(&mut fourth, "another", &bytes).is_err());
        for place in [0, 20, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(snapshot::restore(&mut fourth, "a model", &changed).is_err());
            assert!(snapshot::restore(&mut fourth, "a model", &bytes[..place]).is_err());
        }
        assert_eq!(run(&mut fourth, &long), 0);
    }

    #[test]
    fn without_it_every_prompt_is_new() {
        let mut cache = cache(8);
        cache.enabled = false;
        assert_eq!(run(&mut cache, &text(64, 1)), 0);
        assert_eq!(run(&mut cache, &text(64, 1)), 0);
        assert_eq!(cache.available(), 8);
    }
}
