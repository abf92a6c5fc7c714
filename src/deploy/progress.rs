//! What Terraform says while it works, line by line as JSON, and what of that a person wants to know.

use std::collections::BTreeMap;

use serde_json::Value;

/// How far an apply has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Progress {
    /// Resources that will be made, changed or removed.
    pub(super) total: usize,
    /// How many of them are done.
    pub(super) done: usize,
    /// What is under way, and for how many seconds.
    running: BTreeMap<String, u64>,
    /// What went wrong, for people.
    pub(super) errors: Vec<String>,
}

impl Progress {
    /// Of a plan with so many changes.
    pub(super) fn new(total: usize) -> Self {
        Self { total, ..Self::default() }
    }

    /// Takes a line of `terraform apply -json`; returns what is worth a line.
    pub(super) fn take(&mut self, line: &str) -> Option<String> {
        let said: Value = serde_json::from_str(line).ok()?;
        let hook = &said["hook"];
        let address = || hook["resource"]["addr"].as_str().unwrap_or_default().to_owned();
        let seconds = hook["elapsed_seconds"].as_u64().unwrap_or_default();
        match said["type"].as_str()? {
            // What is read is no change.
            "apply_start" | "apply_progress" if hook["action"] != "read" => {
                self.running.insert(address(), seconds);
                None
            }
            "apply_complete" if hook["action"] != "read" => {
                self.running.remove(&address());
                self.done += 1;
                let action = match hook["action"].as_str() {
                    Some("create") => "made",
                    Some("update") => "changed",
                    Some("delete") => "removed",
                    _ => "done",
                };
                Some(format!("{}/{} {} {action} ({seconds} s)", self.done, self.total, address()))
            }
            "apply_errored" => {
                self.running.remove(&address());
                None
            }
            "diagnostic" => self.diagnostic(&said["diagnostic"]),
            _ => None,
        }
    }

    /// What has been under way for longest.
    pub(super) fn waits_for(&self) -> String {
        let longest = self.running.iter().max_by_key(|(_, seconds)| **seconds);
        longest.map_or(String::new(), |(address, seconds)| format!("{address}, {seconds} s"))
    }

    fn diagnostic(&mut self, said: &Value) -> Option<String> {
        let text = |name: &str| said[name].as_str().unwrap_or_default();
        let (summary, detail) = (text("summary"), text("detail"));
        let place = said["address"].as_str().map_or(String::new(), |address| format!("{address}: "));
        let detail = detail.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = if detail.is_empty() {
            format!("{place}{summary}")
        } else {
            format!("{place}{summary}: {detail}")
        };
        if text("severity") == "error" {
            self.errors.push(told);
            None
        } else {
            Some(told)
        }
    }
}

/// How many resources a plan makes, changes and removes; of `terraform show -json`.
pub(super) fn changes(plan: &Value) -> [usize; 3] {
    let mut counts = [0; 3];
    for change in plan["resource_changes"].as_array().into_iter().flatten() {
        let actions = change["change"]["actions"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for action in actions {
            match action {
                "create" => counts[0] += 1,
                "update" => counts[1] += 1,
                "delete" => counts[2] += 1,
                _ => {}
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hook(kind: &str, address: &str, action: &str, seconds: u64) -> String {
        let hook = json!({ "resource": { "addr": address }, "action": action, "elapsed_seconds": seconds });
        json!({ "@level": "info", "type": kind, "hook": hook }).to_string()
    }

    #[test]
    fn an_apply_is_followed() {
        let mut progress = Progress::new(3);
        for (line, said, waits) in [
            (r#"{"type":"version","terraform":"1.11.4"}"#.to_owned(), None, ""),
            (hook("apply_start", "data.x", "read", 0), None, ""),
            (hook("apply_start", "a", "create", 0), None, "a, 0 s"),
            (hook("apply_start", "b", "delete", 0), None, "b, 0 s"),
            (hook("apply_progress", "a", "create", 70), None, "a, 70 s"),
            (hook("apply_complete", "a", "create", 75), Some("1/3 a made (75 s)"), "b, 0 s"),
            (hook("apply_complete", "b", "delete", 2), Some("2/3 b removed (2 s)"), ""),
            ("no JSON".to_owned(), None, ""),
        ] {
            assert_eq!(progress.take(&line).as_deref(), said, "{line}");
            assert_eq!(progress.waits_for(), waits, "{line}");
        }
        assert!(progress.errors.is_empty());
    }

    #[test]
    fn errors_are_kept_and_warnings_said() {
        let mut progress = Progress::new(1);
        progress.take(&hook("apply_start", "a", "create", 0));
        progress.take(&hook("apply_errored", "a", "create", 3));
        let diagnostic = |severity: &str, detail: &str| {
            let said = json!({ "severity": severity, "summary": "no", "detail": detail, "address": "a" });
            json!({ "type": "diagnostic", "diagnostic": said }).to_string()
        };
        assert_eq!(progress.take(&diagnostic("warning", "")), Some("a: no".into()));
        assert_eq!(progress.take(&diagnostic("error", "of\n  many")), None);
        assert_eq!((progress.errors, progress.done), (vec!["a: no: of many".to_owned()], 0));
    }

    #[test]
    fn a_plan_is_counted() {
        let change = |actions: &[&str]| json!({ "change": { "actions": actions } });
        let plan = json!({ "resource_changes": [
            change(&["create"]), change(&["no-op"]), change(&["read"]), change(&["update"]), change(&["delete", "create"]),
        ] });
        assert_eq!(changes(&plan), [2, 1, 1]);
        assert_eq!(changes(&json!({})), [0, 0, 0]);
    }
}
