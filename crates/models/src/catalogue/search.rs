//! Models that answer a wish: words, tags, size, licence, and room.

use super::{Catalogue, CatalogueEntry, CatalogueFile};

/// What is looked for. The default finds everything.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CatalogueQuery {
    /// Words; each must be found somewhere, or written nearly so in the name.
    pub text: String,
    /// Tags that a model must have, all of them.
    pub tags: Vec<String>,
    /// The most bytes of a file.
    pub max_size_bytes: Option<u64>,
    /// A part of the licence's name.
    pub licence: Option<String>,
    /// Memory that there is: what needs more is left out, and so are the files
    /// of a model that need more.
    pub fits_bytes: Option<u64>,
    /// The context to count memory for, in tokens; 0 is none.
    pub context_tokens: usize,
}

/// A model that was found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CatalogueHit<'c> {
    /// The model in its size.
    pub entry: &'c CatalogueEntry,
    /// Its files that pass, in the catalogue's order.
    pub files: Vec<&'c CatalogueFile>,
    /// How well the words fit; the higher the better, 0 without words.
    pub score: u32,
}

impl Catalogue {
    /// The models that pass, the best first, and as the catalogue has them
    /// where the words say nothing.
    pub fn search(&self, query: &CatalogueQuery) -> Vec<CatalogueHit<'_>> {
        let words: Vec<String> = query.text.split_whitespace().map(str::to_lowercase).collect();
        let passes = |entry: &CatalogueEntry, file: &CatalogueFile| {
            query.max_size_bytes.is_none_or(|most| file.size_bytes <= most)
                && query
                    .fits_bytes
                    .is_none_or(|free| entry.memory_needed(file, query.context_tokens) <= free)
        };
        let mut hits: Vec<CatalogueHit<'_>> = self
            .entries()
            .iter()
            .filter(|entry| {
                has_tags(entry, &query.tags) && has_licence(entry, query.licence.as_deref())
            })
            .filter_map(|entry| {
                let score = score(entry, &words)?;
                let files: Vec<_> = entry.files.iter().filter(|file| passes(entry, file)).collect();
                (!files.is_empty()).then_some(CatalogueHit { entry, files, score })
            })
            .collect();
        // Stable: those that are alike stay in the catalogue's order.
        hits.sort_by_key(|hit| std::cmp::Reverse(hit.score));
        hits
    }
}

fn has_tags(entry: &CatalogueEntry, tags: &[String]) -> bool {
    tags.iter().all(|tag| {
        let tag = tag.to_lowercase();
        entry.tags.contains(&tag) || (tag == "tools" && entry.tools)
    })
}

fn has_licence(entry: &CatalogueEntry, licence: Option<&str>) -> bool {
    licence.is_none_or(|part| entry.licence.to_lowercase().contains(&part.to_lowercase()))
}

/// What a word is worth by where it stands: in the name, as a tag, in the
/// family or a format, in what the model is good at, in the licence or the
/// source. `None` where a word stands nowhere.
fn score(entry: &CatalogueEntry, words: &[String]) -> Option<u32> {
    let name = entry.name();
    let good_at = entry.good_at.to_lowercase();
    let licence = entry.licence.to_lowercase();
    let of_word = |word: &String| {
        let worths = [
            (name == *word || entry.model == *word || entry.tag == *word, 100),
            (name.starts_with(word.as_str()), 60),
            (name.contains(word.as_str()), 40),
            (entry.tags.contains(word), 30),
            (entry.family.contains(word.as_str()), 20),
            (entry.files.iter().any(|file| file.slug().contains(word.as_str())), 15),
            (good_at.contains(word.as_str()), 10),
            (licence.contains(word.as_str()), 5),
            (entry.files.iter().any(|file| file.source.to_lowercase().contains(word.as_str())), 5),
            (!mlxcode_base::nearest(word, std::iter::once(entry.model.clone()), 1).is_empty(), 2),
        ];
        worths.into_iter().find_map(|(stands, worth)| stands.then_some(worth))
    };
    words.iter().map(of_word).sum()
}
