//! The TOML of a catalogue, read by hand so that whatever is wrong is named
//! with its line and its key.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{CatalogueEntry, CatalogueError, CatalogueFile, EditFormat, ModelShape};

type Result<T> = std::result::Result<T, CatalogueError>;

/// The longest of a text in a catalogue.
const MOST_TEXT_BYTES: usize = 500;

/// All sizes of all models in a catalogue, in its order.
pub fn entries(path: &Path, text: &str) -> Result<Vec<CatalogueEntry>> {
    let source = Source { path, text };
    let document = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        source.invalid(&span, "the document", error.message().trim())
    })?;
    let span = document.span();
    let mut document = Table::new(&source, String::new(), span, document.get_ref());
    let mut entries = Vec::new();
    for (place, model) in document.tables("model")?.into_iter().enumerate() {
        entries.extend(sizes(&source, format!("model[{place}]"), model)?);
    }
    document.end()?;
    let mut seen = BTreeSet::new();
    for (entry, span) in &entries {
        if !seen.insert(entry.name()) {
            let reason = format!("{} is in this catalogue twice", entry.name());
            return Err(source.invalid(span, "model", &reason));
        }
    }
    Ok(entries.into_iter().map(|(entry, _)| entry).collect())
}

fn sizes(
    source: &Source<'_>,
    key: String,
    model: &Spanned<DeValue<'_>>,
) -> Result<Vec<(CatalogueEntry, Range<usize>)>> {
    let mut table = Table::of(source, key.clone(), model)?;
    let name = table.name("name")?;
    let common = Common {
        family: table.optional_text("family")?,
        context: table.optional_count("context")?,
        licence: table.optional_text("licence")?,
        good_at: table.optional_text("good_at")?,
        edit_format: table.optional_edit_format()?,
        tools: table.optional_truth("tools")?,
        tags: table.optional_tags()?,
    };
    let default = table.optional_spanned_text("default")?;
    let list = table.tables("size")?;
    let mut found = Vec::new();
    for (place, size) in list.into_iter().enumerate() {
        let key = format!("{key}.size[{place}]");
        let mut entry = one_size(source, &name, key, size, &common)?;
        entry.is_default = default.as_ref().is_some_and(|(tag, _)| *tag == entry.tag);
        found.push((entry, size.span()));
    }
    if found.is_empty() {
        return Err(source.invalid(
            &model.span(),
            &format!("{key}.size"),
            "a model has a size at least",
        ));
    }
    if let Some((tag, span)) = default
        && !found.iter().any(|(entry, _)| entry.is_default)
    {
        let reason = format!("there is no size {tag:?} below");
        return Err(source.invalid(&span, &format!("{key}.default"), &reason));
    }
    table.end()?;
    Ok(found)
}

/// What holds for every size that says nothing else.
struct Common {
    family: Option<String>,
    context: Option<u64>,
    licence: Option<String>,
    good_at: Option<String>,
    edit_format: Option<EditFormat>,
    tools: Option<bool>,
    tags: Option<Vec<String>>,
}

fn one_size(
    source: &Source<'_>,
    model: &str,
    key: String,
    size: &Spanned<DeValue<'_>>,
    common: &Common,
) -> Result<CatalogueEntry> {
    let mut table = Table::of(source, key.clone(), size)?;
    let tag = table.name("tag")?;
    let parameters = table.count("parameters")?;
    let active = table.optional_count("active_parameters")?;
    let shape = ModelShape {
        layers: table.count("layers")? as usize,
        kv_heads: table.count("kv_heads")? as usize,
        head_dim: table.count("head_dim")? as usize,
    };
    let mut files: Vec<CatalogueFile> = Vec::new();
    for (place, file) in table.list("files")?.into_iter().enumerate() {
        let file = one_file(source, format!("{key}.files[{place}]"), file, parameters)?;
        if files.iter().any(|one| one.slug() == file.slug()) {
            return Err(table.wrong("files", &format!("the format {} stands twice", file.format)));
        }
        files.push(file);
    }
    if files.is_empty() {
        return Err(table.wrong("files", "a size has a file at least"));
    }
    let entry = CatalogueEntry {
        model: model.to_owned(),
        tag,
        is_default: false,
        family: table
            .optional_text("family")?
            .or_else(|| common.family.clone())
            .ok_or_else(|| table.lacks("family"))?,
        parameters,
        active_parameters: active.unwrap_or(parameters),
        shape,
        context_length: table
            .optional_count("context")?
            .or(common.context)
            .ok_or_else(|| table.lacks("context"))? as usize,
        licence: table
            .optional_text("licence")?
            .or_else(|| common.licence.clone())
            .ok_or_else(|| table.lacks("licence"))?,
        good_at: table
            .optional_text("good_at")?
            .or_else(|| common.good_at.clone())
            .ok_or_else(|| table.lacks("good_at"))?,
        edit_format: table
            .optional_edit_format()?
            .or(common.edit_format)
            .unwrap_or(EditFormat::SearchReplace),
        tools: table.optional_truth("tools")?.or(common.tools).unwrap_or(false),
        tags: table.optional_tags()?.or_else(|| common.tags.clone()).unwrap_or_default(),
        files,
        origin: Some(source.path.to_owned()),
    };
    table.end()?;
    Ok(entry)
}

fn one_file(
    source: &Source<'_>,
    key: String,
    file: &Spanned<DeValue<'_>>,
    parameters: u64,
) -> Result<CatalogueFile> {
    let mut table = Table::of(source, key, file)?;
    let format = table.text("format")?;
    let place = table.text("source")?;
    let size_bytes = match table.optional_size_gb()? {
        Some(bytes) => bytes,
        None => computed_size(&format, parameters).ok_or_else(|| table.lacks("size_gb"))?,
    };
    table.end()?;
    Ok(CatalogueFile { format, size_bytes, source: place })
}

/// The size of an MLX folder: each number's bits, and a scale and a bias of 16
/// bits for each 64 of them.
fn computed_size(format: &str, parameters: u64) -> Option<u64> {
    let bits: u64 = format.strip_prefix("MLX ")?.strip_suffix("-bit")?.parse().ok()?;
    Some(parameters.saturating_mul(2 * bits + 1) / 16)
}

/// The file that is read.
struct Source<'s> {
    path: &'s Path,
    text: &'s str,
}

impl Source<'_> {
    fn invalid(&self, span: &Range<usize>, key: &str, reason: &str) -> CatalogueError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        CatalogueError::Invalid {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            key: key.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

/// A table, of which every key is asked for once.
struct Table<'t, 's> {
    source: &'t Source<'s>,
    key: String,
    span: Range<usize>,
    entries: &'t DeTable<'t>,
    asked: BTreeSet<&'static str>,
}

impl<'t, 's> Table<'t, 's> {
    fn new(
        source: &'t Source<'s>,
        key: String,
        span: Range<usize>,
        table: &'t DeTable<'t>,
    ) -> Self {
        Self { source, key, span, entries: table, asked: BTreeSet::new() }
    }

    fn of(source: &'t Source<'s>, key: String, value: &'t Spanned<DeValue<'t>>) -> Result<Self> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(Self::new(source, key, value.span(), table)),
            _ => Err(source.invalid(&value.span(), &key, "it must be a table")),
        }
    }

    fn path(&self, key: &str) -> String {
        if self.key.is_empty() { key.to_owned() } else { format!("{}.{key}", self.key) }
    }

    fn lacks(&self, key: &str) -> CatalogueError {
        self.source.invalid(&self.span, &self.path(key), "it is missing")
    }

    fn wrong(&self, key: &str, reason: &str) -> CatalogueError {
        let span = self.find(key).map_or_else(|| self.span.clone(), Spanned::span);
        self.source.invalid(&span, &self.path(key), reason)
    }

    fn find(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.entries.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    fn take(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.asked.insert(key);
        self.find(key)
    }

    /// Refuses a key that nobody asked for.
    fn end(&self) -> Result<()> {
        match self.entries.iter().find(|(name, _)| !self.asked.contains(name.get_ref().as_ref())) {
            None => Ok(()),
            Some((name, _)) => {
                let key = self.path(name.get_ref());
                Err(self.source.invalid(&name.span(), &key, "there is no such key"))
            }
        }
    }

    fn optional_spanned_text(
        &mut self,
        key: &'static str,
    ) -> Result<Option<(String, Range<usize>)>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let DeValue::String(text) = value.get_ref() else {
            return Err(self.wrong(key, "it must be a text"));
        };
        if text.trim().is_empty() || text.len() > MOST_TEXT_BYTES {
            return Err(self.wrong(key, &format!("it must have 1 to {MOST_TEXT_BYTES} bytes")));
        }
        if text.chars().any(char::is_control) {
            return Err(self.wrong(key, "it must be one line of plain text"));
        }
        Ok(Some((text.to_string(), value.span())))
    }

    fn optional_text(&mut self, key: &'static str) -> Result<Option<String>> {
        Ok(self.optional_spanned_text(key)?.map(|(text, _)| text))
    }

    fn text(&mut self, key: &'static str) -> Result<String> {
        self.optional_text(key)?.ok_or_else(|| self.lacks(key))
    }

    /// A part of a model's name.
    fn name(&mut self, key: &'static str) -> Result<String> {
        let name = self.text(key)?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain) {
            return Ok(name);
        }
        Err(self.wrong(key, "use small letters, digits, `.`, `-` and `_`"))
    }

    fn optional_count(&mut self, key: &'static str) -> Result<Option<u64>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let number = match value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        match number.filter(|number| (1..=1 << 50).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(key, "it must be a whole number above 0")),
        }
    }

    fn count(&mut self, key: &'static str) -> Result<u64> {
        self.optional_count(key)?.ok_or_else(|| self.lacks(key))
    }

    fn optional_size_gb(&mut self) -> Result<Option<u64>> {
        const KEY: &str = "size_gb";
        let Some(value) = self.take(KEY) else { return Ok(None) };
        let number: Option<f64> = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        match number.filter(|gb| *gb > 0.0 && *gb < 1e5) {
            Some(gb) => Ok(Some((gb * 1e9).round() as u64)),
            None => Err(self.wrong(KEY, "it must be a number of gigabytes above 0")),
        }
    }

    fn optional_truth(&mut self, key: &'static str) -> Result<Option<bool>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Boolean(truth) => Ok(Some(*truth)),
            _ => Err(self.wrong(key, "it must be true or false")),
        }
    }

    fn optional_edit_format(&mut self) -> Result<Option<EditFormat>> {
        const KEY: &str = "edit_format";
        let Some(name) = self.optional_text(KEY)? else { return Ok(None) };
        let names = EditFormat::ALL.map(EditFormat::as_str).join(", ");
        let wrong = || self.wrong(KEY, &format!("it must be one of {names}"));
        EditFormat::named(&name).map(Some).ok_or_else(wrong)
    }

    fn optional_tags(&mut self) -> Result<Option<Vec<String>>> {
        const KEY: &str = "tags";
        if self.find(KEY).is_none() {
            return Ok(None);
        }
        let mut tags = Vec::new();
        for value in self.list(KEY)? {
            match value.get_ref() {
                DeValue::String(tag) if !tag.is_empty() && !tag.chars().any(char::is_control) => {
                    tags.push(tag.to_lowercase());
                }
                _ => {
                    return Err(self.source.invalid(
                        &value.span(),
                        &self.path(KEY),
                        "a tag is a word",
                    ));
                }
            }
        }
        Ok(Some(tags))
    }

    fn list(&mut self, key: &'static str) -> Result<Vec<&'t Spanned<DeValue<'t>>>> {
        let value = self.take(key).ok_or_else(|| self.lacks(key))?;
        match value.get_ref() {
            DeValue::Array(values) => Ok(values.iter().collect()),
            _ => Err(self.wrong(key, "it must be a list")),
        }
    }

    /// A list of tables; none at all is an empty one.
    fn tables(&mut self, key: &'static str) -> Result<Vec<&'t Spanned<DeValue<'t>>>> {
        if self.find(key).is_none() {
            self.asked.insert(key);
            return Ok(Vec::new());
        }
        self.list(key)
    }
}
