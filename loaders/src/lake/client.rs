//! Where objects go: a local folder or an object store. A put that has returned survives a crash of the machine.
//!
//! A folder is written by own code rather than through `object_store`: its local store leaves half-written files beside
//! the finished ones after a crash and needs hard links, which not every file system has. Here a file is written under
//! `~partial/`, made durable, renamed, and then every folder on the way is made durable. Whoever writes a file holds its
//! lock: several loaders may share a folder, and what is found there unlocked was left by a crash.

use std::{
    fs, io,
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use object_store::{
    ClientConfigKey, ClientOptions, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey, resolve_bucket_region},
};

use super::location::{Location, LocationError};
use crate::parquet;

/// Files being written are in this folder. No schema key contains a tilde.
const PARTIAL: &str = "~partial";

/// A store answers again within this time, or a put counts as failed.
const RETRY: Duration = Duration::from_secs(5);

/// A call that takes longer has failed: 64 MiB over a slow network take their time.
const PUT: Duration = Duration::from_secs(120);

/// A place for objects. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Destination(Place);

/// The place cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or written to.
    #[error("folder {}: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The path means nothing.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// The store's settings do not do.
    #[error("path `{path}`: {source}")]
    Store {
        /// The path.
        path: String,
        /// The cause.
        source: object_store::Error,
    },
}

/// The object was not put, or it is unknown whether it was: putting it again is right.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The folder refused.
    #[error("{}: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The store refused or could not be reached.
    #[error("{0}")]
    Store(#[from] object_store::Error),
    /// The credentials do not do.
    #[error("{key}: not allowed: the credentials in use need s3:PutObject on it: {source}")]
    Denied {
        /// The key.
        key: String,
        /// The cause.
        source: object_store::Error,
    },
    /// Another put of the same key was under way (409), which may end without an object.
    #[error("{key}: another put of it is under way")]
    Conflict {
        /// The key.
        key: String,
    },
    /// The bucket is not there.
    #[error("there is no such bucket: {0}")]
    NoBucket(object_store::Error),
    /// An object of this name holds other records. It is left as it is.
    #[error("{key} exists and holds other records; move it away")]
    Other {
        /// The key.
        key: String,
    },
}

#[derive(Clone, Debug)]
enum Place {
    Folder(PathBuf),
    Store(Arc<dyn ObjectStore>, object_store::path::Path),
}

impl Destination {
    /// A local folder, made if it is not there. What an earlier process left half-written is removed.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or written to.
    pub fn folder(folder: impl Into<PathBuf>) -> Result<Self, OpenError> {
        let folder = folder.into();
        let partial = folder.join(PARTIAL);
        let open = || -> io::Result<()> {
            let there =
                partial.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new(".")).to_owned();
            fs::create_dir_all(&partial)?;
            remove_left(&partial)?;
            sync_up(&there, &folder)
        };
        open().map_err(|source| OpenError::Folder { folder: folder.clone(), source })?;
        Ok(Self(Place::Folder(folder)))
    }

    /// A store, with all keys below `prefix`.
    pub fn store(store: Arc<dyn ObjectStore>, prefix: object_store::path::Path) -> Self {
        Self(Place::Store(store, prefix))
    }

    /// `s3://bucket/folder` with region and credentials from the arguments and the environment, `file:///folder`, or a
    /// folder.
    ///
    /// # Errors
    ///
    /// The path means nothing, or the folder cannot be used.
    pub fn open(path: &str, region: Option<&str>, endpoint: Option<&str>) -> Result<Self, OpenError> {
        let (bucket, folder) = match Location::parse(path)? {
            Location::Folder(folder) => return Self::folder(folder),
            Location::Bucket { bucket, folder } => (bucket, folder),
        };
        let wrong = |source| OpenError::Store { path: path.to_owned(), source };
        let prefix = object_store::path::Path::parse(folder).map_err(|e| wrong(e.into()))?;
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
        if let Some(region) = region {
            builder = builder.with_region(region);
        }
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let in_clear = endpoint_of(&builder).is_some_and(|endpoint| endpoint.starts_with("http://"));
        builder = builder.with_allow_http(in_clear);
        let key = AmazonS3ConfigKey::Client(ClientConfigKey::Timeout);
        builder = builder.with_config(key, PUT.as_secs().to_string() + "s");
        // Who puts tries again, and says so.
        let once = RetryConfig { max_retries: 1, retry_timeout: RETRY, ..RetryConfig::default() };
        let store = builder.with_retry(once).build().map_err(wrong)?;
        Ok(Self::store(Arc::new(store), prefix))
    }

    /// Asks whether the place answers at all; it need not allow reading.
    ///
    /// # Errors
    ///
    /// It does not answer, or does not accept the credentials.
    pub async fn reach(&self) -> Result<(), PutError> {
        match &self.0 {
            Place::Folder(folder) => {
                let folder = folder.clone();
                let writable = move || {
                    let partial = folder.join(PARTIAL);
                    let probe = || {
                        let (_file, path) = begin(&partial)?;
                        fs::remove_file(path)
                    };
                    probe().map_err(|source| PutError::File { file: partial.clone(), source })
                };
                blocking(writable).await
            }
            Place::Store(store, prefix) => match store.get(&prefix.clone().join("~reach")).await {
                Err(error @ object_store::Error::NotFound { .. })
                    if error.to_string().contains("NoSuchBucket") =>
                {
                    Err(PutError::NoBucket(error))
                }
                Ok(_)
                | Err(object_store::Error::NotFound { .. } | object_store::Error::PermissionDenied { .. }) => {
                    Ok(())
                }
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Puts an object unless it is there already. Doing it again is harmless.
    ///
    /// # Errors
    ///
    /// [`PutError`]; trying again is right.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), PutError> {
        match &self.0 {
            Place::Folder(folder) => {
                let (folder, key) = (folder.clone(), key.to_owned());
                blocking(move || put_file(&folder, &key, &bytes)).await
            }
            Place::Store(store, prefix) => {
                let path = below(prefix, key)?;
                let options = PutOptions::from(PutMode::Create);
                match store.put_opts(&path, PutPayload::from_bytes(bytes.clone()), options).await {
                    Ok(_) => Ok(()),
                    Err(object_store::Error::AlreadyExists { source, .. }) => match store.get(&path).await {
                        Ok(found) => {
                            let is_same = same_records(&found.bytes().await?, &bytes);
                            if is_same { Ok(()) } else { Err(PutError::Other { key: key.into() }) }
                        }
                        // Where reading is not allowed it is taken for our own of an earlier attempt: no other object
                        // has its name.
                        Err(object_store::Error::PermissionDenied { .. }) if is_there(source.as_ref()) => {
                            Ok(())
                        }
                        Err(
                            object_store::Error::PermissionDenied { .. }
                            | object_store::Error::NotFound { .. },
                        ) => Err(PutError::Conflict { key: path.to_string() }),
                        Err(error) => Err(error.into()),
                    },
                    Err(source @ object_store::Error::PermissionDenied { .. }) => {
                        Err(PutError::Denied { key: path.to_string(), source })
                    }
                    Err(error) => Err(error.into()),
                }
            }
        }
    }
}

/// Region of the bucket that a path names, where neither its endpoint nor the environment says it; asks S3.
pub async fn region_of_bucket(path: &str, endpoint: Option<&str>) -> Option<String> {
    let Ok(Location::Bucket { bucket, .. }) = Location::parse(path) else { return None };
    let builder = AmazonS3Builder::from_env();
    let is_known = builder.get_config_value(&AmazonS3ConfigKey::Region).is_some();
    if is_known || endpoint.is_some() || endpoint_of(&builder).is_some() {
        return None;
    }
    let region = resolve_bucket_region(&bucket, &ClientOptions::default()).await;
    region.inspect_err(|error| tracing::warn!(bucket, "the region of the bucket is not known: {error}")).ok()
}

/// Where the store is, if not where its region has it.
fn endpoint_of(builder: &AmazonS3Builder) -> Option<String> {
    let said = |key| builder.get_config_value(&key);
    said(AmazonS3ConfigKey::S3Endpoint).or(said(AmazonS3ConfigKey::Endpoint))
}

/// The key as it is: `object_store` would write some characters otherwise.
fn below(prefix: &object_store::path::Path, key: &str) -> Result<object_store::path::Path, PutError> {
    let slash = if prefix.as_ref().is_empty() { "" } else { "/" };
    let path = object_store::path::Path::parse(format!("{prefix}{slash}{key}"));
    path.map_err(|error| PutError::Store(error.into()))
}

/// Whether an object is said to exist because a precondition failed (412). A conflict (409) is no proof of it: the other
/// put may yet fail.
fn is_there(why: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    use object_store::Error::{NotModified, Precondition};
    matches!(why.downcast_ref(), Some(NotModified { .. } | Precondition { .. }))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PutError> + Send + 'static,
) -> Result<T, PutError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panicked) => {
            Err(PutError::File { file: PathBuf::new(), source: io::Error::other(panicked.to_string()) })
        }
    }
}

fn put_file(folder: &Path, key: &str, bytes: &[u8]) -> Result<(), PutError> {
    let target = folder.join(key);
    let failed = |source| PutError::File { file: target.clone(), source };
    let parent = target.parent().unwrap_or(folder);
    match fs::read(&target) {
        Ok(there) if same_records(&there, bytes) => {
            // A crash may have come between the rename and the folder being durable.
            fs::File::open(&target).and_then(|file| file.sync_all()).map_err(failed)?;
            return sync_up(folder, parent).map_err(failed);
        }
        Ok(_) => return Err(PutError::Other { key: key.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let (mut file, temporary) = begin(&folder.join(PARTIAL)).map_err(failed)?;
    let mut write = || -> io::Result<()> {
        fs::create_dir_all(parent)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, &target)?;
        sync_up(folder, parent)
    };
    write().map_err(|error| {
        // Nothing is lost if it stays: the next start removes it.
        let _ = fs::remove_file(&temporary);
        failed(error)
    })
}

/// A new file in the folder of those that are being written. It is locked for as long as it is open.
fn begin(partial: &Path) -> io::Result<(fs::File, PathBuf)> {
    fs::create_dir_all(partial)?;
    loop {
        let path = partial.join(format!("{}.gz", service::clock::random_id()));
        let file = fs::File::create_new(&path)?;
        match file.lock() {
            // Who came before the lock took it for one that was left.
            Ok(()) if !path.try_exists()? => {}
            Ok(()) => return Ok((file, path)),
            // Without locks it may be removed all the same, and then the put is tried again.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => return Ok((file, path)),
            Err(error) => return Err(error),
        }
    }
}

/// Removes the files that nobody is writing.
fn remove_left(partial: &Path) -> io::Result<()> {
    for entry in fs::read_dir(partial)? {
        let path = entry?.path();
        let removed = || {
            let file = fs::File::open(&path)?;
            match file.try_lock() {
                Err(fs::TryLockError::WouldBlock) => Ok(()),
                _ => fs::remove_file(&path),
            }
        };
        match removed() {
            // It was finished meanwhile, or another loader has removed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            done => done?,
        }
    }
    Ok(())
}

/// Makes the entries of `from` and of every folder above it up to `top` durable.
fn sync_up(top: &Path, from: &Path) -> io::Result<()> {
    let mut folder = from;
    loop {
        sync_folder(folder)?;
        match folder.parent() {
            // Above the first part of a relative path is the current folder.
            Some(parent) if folder != top && parent.as_os_str().is_empty() => {
                return sync_folder(Path::new("."));
            }
            Some(parent) if folder != top => folder = parent,
            _ => return Ok(()),
        }
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// Whether two files hold the same lines or rows, whatever compressed them.
fn same_records(a: &[u8], b: &[u8]) -> bool {
    if a == b {
        return true;
    }
    if a.starts_with(PARQUET) {
        return parquet::read::same_rows(a, b);
    }
    let (mut a, mut b) = (flate2::read::GzDecoder::new(a), flate2::read::GzDecoder::new(b));
    let (mut left, mut right) = ([0; 8192], [0; 8192]);
    loop {
        match (fill(&mut a, &mut left), fill(&mut b, &mut right)) {
            (Ok(0), Ok(0)) => return true,
            (Ok(n), Ok(m)) if left[..n] == right[..m] => {}
            _ => return false,
        }
    }
}

/// What Parquet files begin with.
const PARQUET: &[u8] = b"PAR1";

fn fill(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match from.read(&mut into[filled..])? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(filled)
}
