//! Findings as SARIF 2.1.0 (OASIS), which code hosts and editors show.

use mlxcode_base::ContentHash;
use serde_json::{Value, json};

use super::finding::{Finding, Severity};

/// The findings as a log of one run.
pub fn sarif(findings: &[Finding]) -> Value {
    let severities = [Severity::Error, Severity::Warning, Severity::Note];
    let rules: Vec<Value> = severities
        .iter()
        .map(|severity| {
            json!({
                "id": rule(*severity),
                "shortDescription": { "text": format!("A reviewer's {severity}", severity = severity.as_str()) },
                "defaultConfiguration": { "level": severity.as_str() },
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "mlx-code",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn rule(severity: Severity) -> String {
    format!("review/{}", severity.as_str())
}

fn result(finding: &Finding) -> Value {
    let text = match finding.explanation.as_str() {
        "" => finding.title.clone(),
        explanation => format!("{}. {explanation}", finding.title),
    };
    let uri = uri(&finding.path);
    // Stays the same where lines above it come and go.
    let print = ContentHash::of(format!("{}\0{}", finding.path, finding.title).as_bytes());
    let region = json!({ "startLine": finding.line, "endLine": finding.last_line });
    let mut result = json!({
        "ruleId": rule(finding.severity),
        "level": finding.severity.as_str(),
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri, "uriBaseId": "SRCROOT" },
            "region": region,
        }}],
        "partialFingerprints": { "mlxCodeReview/v1": print.to_string() },
    });
    if let Some(suggestion) = &finding.suggestion {
        // Whole lines: from the first sign to the end of the last line.
        let last = suggestion.before.lines().last().unwrap_or_default();
        result["fixes"] = json!([{
            "description": { "text": "What the review suggests" },
            "artifactChanges": [{
                "artifactLocation": { "uri": uri, "uriBaseId": "SRCROOT" },
                "replacements": [{
                    "deletedRegion": {
                        "startLine": finding.line,
                        "startColumn": 1,
                        "endLine": finding.last_line,
                        "endColumn": last.chars().count() + 1,
                    },
                    "insertedContent": { "text": suggestion.after },
                }],
            }],
        }]);
    }
    result
}

/// A path as a relative address (RFC 3986).
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
