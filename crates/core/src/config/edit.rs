use mlxcode_edit::{PROTECTED, PolicyLists};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What can be configured of changes. A project's file can only make the user's
/// rules stricter: it may come from somebody else.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditConfig {
    /// Globs of the files that may be changed; without any, all may. The user's
    /// list goes before a project's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// Globs of files that may not be changed. Both lists count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<String>,
    /// Globs of files that are changed only by who insists. The user's list
    /// stands in place of the built-in one; a project's adds to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected: Option<Vec<String>>,
    /// The most bytes that are kept to take changes back; 536870912. Only the
    /// user's file sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal_bytes: Option<u64>,
}

impl EditConfig {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A project's rules on top of the user's.
    pub(super) fn over(self, under: Self) -> Self {
        let own = || PROTECTED.iter().map(|glob| (*glob).to_owned()).collect();
        let protected = match (self.protected, under.protected) {
            (None, under) => under,
            (Some(over), under) => Some([under.unwrap_or_else(own), over].concat()),
        };
        Self {
            allow: if under.allow.is_empty() { self.allow } else { under.allow },
            deny: [under.deny, self.deny].concat(),
            protected,
            journal_bytes: under.journal_bytes,
        }
    }

    /// The lists as a policy reads them.
    pub(crate) fn lists(&self) -> PolicyLists {
        let mut lists = PolicyLists::default();
        lists.allow.clone_from(&self.allow);
        lists.deny.clone_from(&self.deny);
        lists.protected.clone_from(&self.protected);
        lists
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_only_makes_the_rules_of_edits_stricter() {
        let read = |text: &str| serde_json::from_str::<EditConfig>(text).unwrap();
        let user = read(r#"{"allow": ["src/**"], "deny": ["a"], "journal_bytes": 9}"#);
        let project = read(
            r#"{"allow": ["**"], "deny": ["b"], "protected": ["c"], "journal_bytes": 99999999}"#,
        );
        let both = project.clone().over(user);
        assert_eq!((both.allow, both.journal_bytes), (vec!["src/**".to_owned()], Some(9)));
        assert_eq!(both.deny, ["a", "b"]);
        let protected = both.protected.unwrap();
        assert!(protected.contains(&".env".to_owned()) && protected.contains(&"c".to_owned()));
        let mine = read(r#"{"protected": []}"#);
        assert_eq!(EditConfig::default().over(mine.clone()).protected, Some(Vec::new()));
        assert_eq!(project.over(mine).protected, Some(vec!["c".to_owned()]));
    }
}
