//! What could be packed, best first.

use mlxcode_base::LineRange;

use super::Reason;
use crate::code_base::CodeBase;
use crate::error::Result;
use crate::mention::Mention;
use crate::search::RankedChunk;
use crate::symbol::head;
use crate::syntax::Chunk;

/// Passages that score below this part of the best one only distract.
const LEAST_SHARE: f32 = 0.3;

/// Passages of which this part of the lines is the same are twins.
const TWIN_SHARE: (usize, usize) = (4, 5);

/// More passages than this are never read with care.
const MOST_PASSAGES: usize = 24;

/// Lines of a file that could be packed.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub file: usize,
    pub lines: LineRange,
    /// What the lines are a part of, where they do not say so themselves.
    pub inside: Option<String>,
    /// The first line of what the lines define: stands for it once it is cut off.
    pub signature: Option<String>,
    pub reason: Reason,
}

impl Candidate {
    /// A whole file.
    pub fn whole(code: &CodeBase, file: usize, reason: Reason) -> Self {
        let lines = LineRange::new(1, code.line_count(file));
        Self { file, lines, inside: None, signature: None, reason }
    }

    fn of_chunk(code: &CodeBase, file: usize, chunk: Chunk, reason: Reason) -> Self {
        let Chunk { lines, names, inside } = chunk;
        let text = code.lines(file, lines);
        let signature = names.first().and_then(|name| {
            let line = text.lines().find(|line| line.contains(name.as_str()))?;
            Some(head(line))
        });
        Self { file, lines, inside, signature, reason }
    }

    /// Lines of a file that a question names.
    fn of_lines(code: &CodeBase, file: usize, lines: LineRange, reason: Reason) -> Self {
        let holds =
            |chunk: &Chunk| chunk.lines.first < lines.first && lines.first <= chunk.lines.last;
        let around = code.chunks(file).into_iter().find(holds);
        let inside =
            around.and_then(|chunk| Self::of_chunk(code, file, chunk, Reason::Given).path());
        Self { file, lines, inside, signature: None, reason }
    }

    /// What lines in the middle of it are a part of.
    fn path(self) -> Option<String> {
        match (self.inside, self.signature) {
            (Some(outer), Some(own)) => Some(format!("{outer} > {own}")),
            (outer, own) => outer.or(own),
        }
    }

    /// The parts that are left where lines are packed already: none to two.
    pub fn without(self, taken: LineRange) -> Vec<Self> {
        let LineRange { first, last } = self.lines;
        if taken.last < first || last < taken.first {
            return vec![self];
        }
        let mut left = Vec::new();
        if first < taken.first {
            let lines = LineRange::new(first, taken.first - 1);
            left.push(Self { lines, ..self.clone() });
        }
        if taken.last < last {
            let lines = LineRange::new(taken.last + 1, last);
            let (file, reason) = (self.file, self.reason.clone());
            left.push(Self { file, lines, inside: self.path(), signature: None, reason });
        }
        left
    }
}

/// What the question names, then what search finds. A named file
/// that does not fit gives the passages of it that search finds.
pub fn candidates(
    code: &CodeBase,
    question: &str,
    fits: &dyn Fn(&Candidate) -> bool,
) -> Result<Vec<Candidate>> {
    let ranked = code.ranked(question)?;
    let mut found = Vec::new();
    for mention in code.mentions(question) {
        match mention {
            Mention::File { path, lines } => {
                let Some(file) = code.number_of(&path) else { continue };
                let name = path.to_string();
                let reason = Reason::Named { name };
                let whole = Candidate::whole(code, file, reason.clone());
                if let Some(lines) = lines {
                    let last = whole.lines.last;
                    let lines = LineRange::new(lines.first.min(last), lines.last.min(last));
                    found.push(Candidate::of_lines(code, file, lines, reason));
                    continue;
                }
                if !fits(&whole) {
                    let parts = ranked.iter().filter(|one| one.file == file).take(MOST_PASSAGES);
                    found.extend(parts.map(|one| {
                        let reason = whole.reason.clone();
                        Candidate::of_chunk(code, file, one.chunk.clone(), reason)
                    }));
                }
                // Of a file that is too long, its beginning where room is left.
                found.push(whole);
            }
            Mention::Symbol { name, owner } => {
                for (file, chunk) in code.definitions(&name, owner.as_deref())? {
                    let reason = Reason::Named { name: name.clone() };
                    found.push(Candidate::of_chunk(code, file, chunk, reason));
                }
            }
        }
    }
    let least = ranked.first().map_or(0.0, |best| best.score * LEAST_SHARE);
    let mut good: Vec<RankedChunk> = Vec::new();
    for one in ranked.into_iter().take_while(|one| one.score >= least) {
        if good.len() == MOST_PASSAGES {
            break;
        }
        if !good.iter().any(|better| is_twin(code, better, &one)) {
            good.push(one);
        }
    }
    found.extend(good.into_iter().map(|one| {
        Candidate::of_chunk(code, one.file, one.chunk, Reason::Words { words: one.words })
    }));
    Ok(found)
}

/// Tells whether two passages are one of which the tree holds two copies, such
/// as the same source built for two module systems: the second tells nothing.
fn is_twin(code: &CodeBase, one: &RankedChunk, other: &RankedChunk) -> bool {
    let name = |file: usize| code.path(file).file_name();
    one.file != other.file
        && name(one.file) == name(other.file)
        && one.chunk.names == other.chunk.names
        && one.chunk.lines.count() == other.chunk.lines.count()
        && {
            let of = |chunk: &RankedChunk| code.lines(chunk.file, chunk.chunk.lines);
            let (one, other) = (of(one), of(other));
            let same = one.lines().zip(other.lines()).filter(|(a, b)| a == b).count();
            same * TWIN_SHARE.1 >= one.lines().count() * TWIN_SHARE.0
        }
}

/// Joins neighbours of one file; the better one gives the place in the order.
pub fn joined(chosen: Vec<Candidate>) -> Vec<Candidate> {
    let mut out: Vec<Candidate> = Vec::new();
    for mut candidate in chosen {
        let mut place = None;
        // A passage can close the gap between two others.
        while let Some(number) = out.iter().position(|one| {
            one.file == candidate.file
                && (one.lines.last + 1 == candidate.lines.first
                    || candidate.lines.last + 1 == one.lines.first)
        }) {
            let other = out.remove(number);
            place = Some(place.map_or(number, |place: usize| place.min(number)));
            candidate = merged(other, candidate);
        }
        match place {
            Some(place) => out.insert(place, candidate),
            None => out.push(candidate),
        }
    }
    out
}

fn merged(kept: Candidate, other: Candidate) -> Candidate {
    let first_part = if kept.lines.first < other.lines.first { &kept } else { &other };
    let (inside, signature) = (first_part.inside.clone(), first_part.signature.clone());
    let lines = LineRange::new(
        kept.lines.first.min(other.lines.first),
        kept.lines.last.max(other.lines.last),
    );
    let reason = match (kept.reason, other.reason) {
        (Reason::Words { mut words }, Reason::Words { words: more }) => {
            words.extend(more.into_iter().filter(|word| !words.contains(word)).collect::<Vec<_>>());
            Reason::Words { words }
        }
        (reason, _) => reason,
    };
    Candidate { file: kept.file, lines, inside, signature, reason }
}
