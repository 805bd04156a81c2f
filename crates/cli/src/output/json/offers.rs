use mlxcode_core::Offer;
use schemars::JsonSchema;
use serde::Serialize;

/// `approve --json`.
#[derive(Serialize, JsonSchema)]
pub struct OffersOutput {
    /// What the project brings, or what of it was named.
    pub offers: Vec<OfferOutput>,
}

/// Something that a project brings.
#[derive(Serialize, JsonSchema)]
pub struct OfferOutput {
    /// The name that it is approved by, such as `server:git`.
    pub id: String,
    /// `server`, `checks` or `plugin`.
    pub kind: &'static str,
    /// Its own name.
    pub name: String,
    /// Where it is written.
    pub path: String,
    /// All that it would start or ask, each whole.
    pub starts: Vec<String>,
    /// `waits`, `changed` or `approved`.
    pub standing: &'static str,
}

impl OffersOutput {
    /// Of these.
    pub fn new(offers: &[Offer]) -> Self {
        let one = |offer: &Offer| OfferOutput {
            id: offer.id(),
            kind: offer.kind.as_str(),
            name: offer.name.clone(),
            path: offer.path.to_string_lossy().into_owned(),
            starts: offer.lines.clone(),
            standing: offer.standing.as_str(),
        };
        Self { offers: offers.iter().map(one).collect() }
    }
}
