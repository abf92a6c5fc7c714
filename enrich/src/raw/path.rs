//! Path of a request -> which protocol it speaks (`spec/enrich.md` 1.3).

/// Vendor and version of a path; `None` when it has neither form.
pub(crate) fn vendor_version(path: &str) -> Option<(&str, &str)> {
    // The original's pattern stops at line ends nowhere: its classes are negated.
    let inner = path.strip_prefix('/').unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    if let Some((vendor, version)) = inner.split_once('/')
        && !vendor.is_empty()
        && !version.is_empty()
        && !version.contains('/')
    {
        return Some((vendor, version));
    }
    let legacy = path.starts_with("/ice.png") || path == "/i" || path.starts_with("/i?");
    legacy.then_some(("com.snowplowanalytics.snowplow", "tp1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let tp1 = Some(("com.snowplowanalytics.snowplow", "tp1"));
        let table = [
            ("/i", tp1),
            ("/i?e=pv", tp1),
            ("/ice.png", tp1),
            ("/ice.png/x/y", tp1),
            ("/a/b", Some(("a", "b"))),
            ("a/b/", Some(("a", "b"))),
            ("/a b/c d", Some(("a b", "c d"))),
            ("/ix", None),
            ("//a/b", None),
            ("/a//b", None),
            ("/a/b/c", None),
            ("/a/b//", None),
            ("/", None),
            ("", None),
            ("/%69", None),
        ];
        for (path, expect) in table {
            assert_eq!(vendor_version(path), expect, "{path}");
        }
    }
}
