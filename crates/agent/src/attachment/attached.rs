use std::collections::BTreeMap;

use mlxcode_context::MediaType;
use mlxcode_models::Image;

use super::document::Pages;
use super::read::PageRange;
use super::told::numbers;

/// An attachment as a model takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attached {
    /// The file, as it was named.
    pub name: String,
    /// What it is.
    pub media_type: MediaType,
    /// Pictures, for a model that sees.
    pub images: Vec<Image>,
    /// Its text, where it was read.
    pub text: Option<String>,
    /// What was left out, and what may be wrong, in sentences for people and
    /// for the model.
    pub remarks: Vec<String>,
}

impl Attached {
    pub(super) fn new(name: String, media_type: MediaType) -> Self {
        Self { name, media_type, images: Vec::new(), text: None, remarks: Vec::new() }
    }

    /// The bytes of its pictures.
    pub(crate) fn images_bytes(&self) -> u64 {
        self.images.iter().map(image_bytes).sum()
    }

    pub(super) fn remark_pages(&mut self, what: &str, pages: &[usize]) {
        if !pages.is_empty() {
            let (word, list) = (if pages.len() == 1 { "Page" } else { "Pages" }, numbers(pages));
            self.remarks.push(format!("{word} {list} {what}."));
        }
    }

    /// Sets the texts one after the other, as many as fit.
    pub(super) fn put_pages(&mut self, texts: BTreeMap<usize, String>, most: usize) {
        let (mut all, mut left) = (String::new(), Vec::new());
        for (number, text) in texts {
            let page = format!("[page {number}]\n{text}\n\n");
            let room = most.saturating_sub(all.len());
            if !left.is_empty() || room == 0 {
                left.push(number);
            } else if page.len() <= room {
                all.push_str(&page);
            } else {
                all.push_str(&page[..page.floor_char_boundary(room)]);
                left.push(number);
            }
        }
        self.remark_pages("are left out, the first of them in part: the text is too long", &left);
        let all = all.trim_end();
        self.text = (!all.is_empty()).then(|| all.to_owned());
    }

    /// Says where the pages that were read end, and why.
    pub(super) fn remark_end(&mut self, pages: &Pages, wanted: PageRange) {
        let last = pages.read.iter().map(|(number, _)| *number).max().unwrap_or(0);
        if let Some(why) = &pages.broken_off {
            let from = last + 1;
            let to = pages.count.min(wanted.last);
            self.remarks.push(format!("Pages {from} to {to} are left out: {why}."));
        }
        if pages.count > wanted.last {
            let (from, to) = (wanted.last + 1, pages.count);
            self.remarks.push(format!("Pages {from} to {to} were not read."));
        }
        if pages.has_more {
            self.remarks.push(format!("What follows page {} was not read.", wanted.last));
        }
    }
}

/// The bytes of a picture: base64 has four letters for three.
pub(crate) fn image_bytes(image: &Image) -> u64 {
    image.base64.len() as u64 / 4 * 3
}

/// The first of a text, with a remark where it is cut.
pub(super) fn first(mut text: String, most: usize, remarks: &mut Vec<String>) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        remarks.push("The end of the text is left out: it is too long.".to_owned());
    }
    text
}
