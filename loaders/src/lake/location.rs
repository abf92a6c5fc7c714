//! What the path of a configuration means.

use std::path::PathBuf;

/// A place for objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A local folder.
    Folder(PathBuf),
    /// A folder of a bucket on S3, without slashes at its ends.
    Bucket {
        /// The bucket.
        bucket: String,
        /// The folder; may be empty.
        folder: String,
    },
}

/// The path means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("path `{path}`: {what}; expected `s3://bucket/folder`, `file:///folder` or a folder")]
pub struct LocationError {
    /// As it was written.
    pub path: String,
    /// What is wrong.
    pub what: String,
}

impl Location {
    /// Reads `s3://bucket/folder` (also `s3a` and `s3n`), `file:///folder`, or a folder. Double slashes in a bucket count
    /// as one.
    ///
    /// # Errors
    ///
    /// Another scheme, no bucket, `.` or `..` in a bucket, braces (the original expands them).
    pub fn parse(path: &str) -> Result<Self, LocationError> {
        let wrong = |what: String| LocationError { path: path.to_owned(), what };
        if path.contains(['{', '}']) {
            return Err(wrong("has braces, which belong into the partition format".into()));
        }
        let Some((scheme, rest)) = path.split_once("://") else { return Ok(Self::Folder(path.into())) };
        match scheme {
            "file" => Ok(Self::Folder(rest.into())),
            "s3" | "s3a" | "s3n" => {
                let (bucket, folder) = rest.split_once('/').unwrap_or((rest, ""));
                if bucket.is_empty() {
                    return Err(wrong("has no bucket".into()));
                }
                let segments: Vec<&str> = folder.split('/').filter(|segment| !segment.is_empty()).collect();
                if segments.iter().any(|segment| matches!(*segment, "." | "..")) {
                    return Err(wrong("has a `.` or `..` segment".into()));
                }
                Ok(Self::Bucket { bucket: bucket.into(), folder: segments.join("/") })
            }
            other => Err(wrong(format!("unknown scheme `{other}`"))),
        }
    }
}
