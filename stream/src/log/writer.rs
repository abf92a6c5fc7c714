//! The one thread that writes.
//!
//! Order of work for a frame: write, `fdatasync`, tell readers, tell the callers. For a segment: create, write its header,
//! `fdatasync`, `fsync` the folder, and only then the first frame. A file whose `fdatasync` failed is cut to what was durable
//! before and never written again: the kernel may have marked the lost pages clean, and another sync would lie.
//!
//! Zeros are written ahead of the frames, so that most frames replace bytes that the file has already: a sync that need not
//! make a new length durable takes half the time (`benches/log`). A segment that is closed is cut to its frames.

use std::{
    io,
    ops::RangeInclusive,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    disk::{self, Disk, DiskFile, write_all},
    frame::Encoder,
    herald::Herald,
    observer::{Done, Observer},
    queue::{Frame, Group, Queue, Work, Written},
    retention::{Retention, is_older},
    segment,
    shard::Segment,
    stream::Stream,
    ticket::{Failure, Outcome},
};
use crate::{clock::Clock, health::Health};

/// Time between two looks at what has become too old.
const HOUSEKEEPING: Duration = Duration::from_secs(10);
/// Time between two looks at whether a stream that refused would take records again.
const ASKING: Duration = Duration::from_secs(1);
/// Bytes that are written to find out whether the disk takes them, at most.
const MAX_TRIED_BYTES: u64 = 1 << 20;
/// Zeros written ahead at once: as many as the segment has bytes, within these bounds.
const AHEAD: RangeInclusive<u64> = (64 << 10)..=(1 << 20);
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

pub(super) struct Writer {
    pub(super) queue: Arc<Queue>,
    pub(super) herald: Arc<Herald>,
    pub(super) retention: Retention,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) clock: Clock,
    pub(super) observer: Observer,
    /// The segments being written, by stream and shard. None before the first frame and after a failure.
    pub(super) open: Vec<Vec<Option<Open>>>,
    /// Bytes of the frame that was refused last, by stream, while the stream refuses.
    pub(super) refused: Vec<Option<u64>>,
    /// When a segment is closed, by stream.
    pub(super) segment_bytes: Vec<u64>,
    /// The id of the next segment made.
    pub(super) next_id: u64,
}

/// A segment being written.
pub(super) struct Open {
    file: Box<dyn DiskFile>,
    salt: u32,
    /// The length of the file: zeros follow the last frame.
    length: u64,
}

/// Why a frame was not written.
enum Refused {
    /// No room on the disk; nothing of it is left behind.
    Full(io::Error),
    /// The segment is given up; the frame may turn up after a crash.
    Broken(io::Error),
}

/// Whatever ends the writer, nobody waits for it afterwards.
impl Drop for Writer {
    fn drop(&mut self) {
        self.herald.stop();
        self.queue.abandon();
        for stream in &self.retention.streams {
            stream.finished.store(true, Ordering::Release);
            stream.health.state(Health::refusing("the log is closed"));
            stream.changed();
        }
        for stream in 0..self.open.len() {
            (0..self.open[stream].len()).for_each(|shard| self.close_segment(stream, shard));
        }
    }
}

impl Writer {
    /// Works until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let (mut done, mut housekeeping, mut asked) = (None, Instant::now(), Instant::now());
        loop {
            let idle = if self.is_refusing() { ASKING } else { HOUSEKEEPING };
            match self.queue.next(done.take(), idle) {
                Work::Group(stream, group) => {
                    let frames = self.commit(stream, group);
                    done = Some(Written { stream, frames });
                }
                Work::Idle => {}
                Work::Chore(waiting) => {
                    self.keep_house();
                    let wakers = waiting.iter().flat_map(|ticket| ticket.complete(Outcome::new()));
                    self.herald.wake(wakers.collect());
                }
                Work::Closed => break,
            }
            if housekeeping.elapsed() >= HOUSEKEEPING {
                self.keep_house();
                housekeeping = Instant::now();
            }
            if self.is_refusing() && asked.elapsed() >= ASKING {
                self.ask_again();
                asked = Instant::now();
            }
        }
    }

    /// Removes what is too old; a quiet shard gets a new segment so that its last records can go too.
    pub(super) fn keep_house(&mut self) {
        let now = (self.clock)();
        for index in 0..self.retention.streams.len() {
            let stream = self.retention.streams[index].clone();
            let Some(age) = stream.config.retention_age else { continue };
            for (shard, known) in stream.shards.iter().enumerate() {
                let (last, next) = {
                    let extent = known.extent();
                    (extent.segments.back().cloned(), extent.next)
                };
                let Some(last) = last else { continue };
                if last.first == next || !is_older(last.newest, age, now) {
                    continue;
                }
                if let Err(Refused::Full(error) | Refused::Broken(error)) =
                    self.begin_segment(index, shard, now)
                {
                    tracing::warn!(stream = stream.config.name, %error, "no new segment can be begun");
                }
            }
        }
        self.retention.by_age(now);
        for stream in &self.retention.streams {
            self.observer.tell(Done::Stored { stream: &stream.config.name, bytes: stream.bytes() });
        }
        self.ask_again();
    }

    fn is_refusing(&self) -> bool {
        self.refused.iter().any(Option::is_some)
    }

    /// Finds out whether streams that refused would take the same frame now: whoever waits for that does not append.
    fn ask_again(&mut self) {
        for index in 0..self.refused.len() {
            let Some(bytes) = self.refused[index] else { continue };
            let stream = &self.retention.streams[index];
            let room = self.retention.by_size(stream, bytes).and_then(|()| {
                self.try_disk(stream, bytes).map_err(|error| format!("no room on the disk: {error}"))
            });
            match room {
                Ok(()) => {
                    *stream.full() = None;
                    stream.health.state(Health::Well);
                    self.refused[index] = None;
                }
                Err(why) => stream.health.state(Health::refusing(why)),
            }
        }
    }

    /// Whether the disk takes so many bytes durably; they are removed again. Delivered segments go if that makes room.
    fn try_disk(&self, stream: &Stream, bytes: u64) -> io::Result<()> {
        let path = stream.shards[0].folder.join("trial");
        loop {
            let _left_by_a_crash = self.disk.remove(&path);
            let zeros = vec![0; bytes.min(MAX_TRIED_BYTES) as usize];
            let tried = self.disk.create(&path).and_then(|mut file| {
                write_all(&mut *file, &zeros, 0)?;
                file.sync()
            });
            let _not_even_made = self.disk.remove(&path);
            match tried {
                Err(error) if disk::is_full(&error) && self.retention.for_room() => {}
                tried => return tried,
            }
        }
    }

    /// Gives the frames back: their buffers can be used again.
    fn commit(&mut self, stream: usize, mut group: Group) -> Vec<Frame> {
        let arrival = (self.clock)();
        let mut frames = std::mem::take(&mut group.frames);
        let mut outcome = Outcome::with_capacity(frames.len());
        let (mut refused_bytes, mut refused_batches) = (None, 0);
        let (mut records, mut bytes) = (0, 0);
        for Frame { shard, encoder, appends } in &mut frames {
            let written = self.write_frame(stream, *shard as usize, arrival, encoder);
            let frame_bytes = encoder.frame_bytes() as u64;
            match &written {
                Ok(_) => {
                    records += u64::from(encoder.count());
                    bytes += frame_bytes;
                }
                Err(failure) => {
                    refused_bytes = Some(frame_bytes);
                    refused_batches += if matches!(failure, Failure::Full(_)) { *appends as u64 } else { 0 };
                }
            }
            outcome.push((*shard, written));
        }
        let failed = outcome.iter().find_map(|(_, written)| written.as_ref().err());
        let refused = outcome.iter().find_map(|(_, written)| match written {
            Err(Failure::Full(why)) => Some(why.to_string()),
            _ => None,
        });
        let shared = &self.retention.streams[stream];
        let name = shared.config.name.as_str();
        if records > 0 {
            self.observer.tell(Done::Committed { stream: name, records, bytes });
        }
        if refused.is_some() {
            self.observer.tell(Done::Refused { stream: name, batches: refused_batches });
        }
        self.observer.tell(Done::Stored { stream: name, bytes: shared.bytes() });
        *shared.full() = refused;
        self.refused[stream] = refused_bytes;
        shared.health.state(failed.map_or(Health::Well, |failure| Health::refusing(failure.to_string())));
        if outcome.iter().any(|(_, written)| written.is_ok()) {
            shared.changed();
        }
        self.herald.wake(group.ticket.complete(outcome));
        frames
    }

    /// Makes the encoder's records durable and returns the first one's sequence number.
    fn write_frame(
        &mut self,
        stream: usize,
        shard: usize,
        arrival: Timestamp,
        encoder: &mut Encoder,
    ) -> Result<u64, Failure> {
        let bytes = encoder.frame_bytes() as u64;
        self.roll(stream, shard, bytes, arrival);
        let limited = self.retention.by_size(&self.retention.streams[stream], bytes);
        limited.map_err(|why| Failure::Full(why.into()))?;
        loop {
            match self.try_frame(stream, shard, arrival, encoder) {
                Ok(first) => return Ok(first),
                Err(Refused::Full(_)) if self.retention.for_room() => {}
                Err(Refused::Full(error)) => {
                    return Err(Failure::Full(format!("no room on the disk: {error}").into()));
                }
                Err(Refused::Broken(error)) => {
                    let name = &self.retention.streams[stream].config.name;
                    tracing::error!(stream = name, shard, %error, "writing failed, the segment is given up");
                    return Err(Failure::io(&error));
                }
            }
        }
    }

    /// Gives up the open segment when it is long or old enough, so that the next frame begins a new one.
    fn roll(&mut self, stream: usize, shard: usize, bytes: u64, now: Timestamp) {
        let shared = &self.retention.streams[stream];
        let extent = shared.shards[shard].extent();
        let Some(last) = extent.segments.back().filter(|last| last.first < extent.next) else { return };
        let long = last.bytes + bytes > self.segment_bytes[stream];
        // Whole segments are removed, so one must not span much of the time that records are kept.
        let old = shared.config.retention_age.is_some_and(|age| is_older(last.oldest, age / 4, now));
        drop(extent);
        if long || old {
            // Only now can the one before be removed to make room; if it fails the frame tries again.
            let _begun_later = self.begin_segment(stream, shard, now);
            self.retention.by_age(now);
        }
    }

    fn try_frame(
        &mut self,
        stream: usize,
        shard: usize,
        arrival: Timestamp,
        encoder: &mut Encoder,
    ) -> Result<u64, Refused> {
        if self.open[stream][shard].is_none() {
            self.begin_segment(stream, shard, arrival)?;
        }
        let open = self.open[stream][shard].as_mut().expect("begun above");
        let known = &self.retention.streams[stream].shards[shard];
        let (first, at) = {
            let extent = known.extent();
            (extent.next, extent.segments.back().map_or(segment::HEADER_BYTES, |last| last.bytes))
        };
        let frame = encoder.finish(open.salt, first, arrival);
        let bytes = frame.len() as u64;
        let longest = self.segment_bytes[stream];
        let written = open.write(frame, at, longest).map_err(|error| (error, false));
        let synced = written.and_then(|()| {
            let begun = Instant::now();
            let synced = open.file.sync().map_err(|error| (error, true));
            self.observer.tell(Done::Synced(begun.elapsed()));
            synced
        });
        if let Err((error, at_sync)) = synced {
            let cut = open.file.cut(at);
            open.length = at;
            if !at_sync && disk::is_full(&error) && cut.is_ok() {
                return Err(Refused::Full(error));
            }
            self.open[stream][shard] = None;
            return Err(Refused::Broken(error));
        }
        let mut extent = known.extent();
        extent.next += u64::from(encoder.count());
        let last = extent.segments.back_mut().expect("a segment is begun before it is written");
        if last.bytes == segment::HEADER_BYTES {
            last.oldest = arrival;
        }
        last.bytes += bytes;
        last.newest = arrival;
        Ok(first)
    }

    /// Makes the shard's next segment file durable and opens it.
    fn begin_segment(&mut self, stream: usize, shard: usize, now: Timestamp) -> Result<(), Refused> {
        self.close_segment(stream, shard);
        let known = &self.retention.streams[stream].shards[shard];
        let (next, empty) = {
            let extent = known.extent();
            (extent.next, extent.segments.back().is_some_and(|last| last.first == extent.next))
        };
        let path = known.path(next);
        if empty {
            // Begun before and given up before anything was durable in it: its name is needed.
            known.extent().segments.pop_back();
        }
        let salt = segment::random_salt();
        let create = || {
            let mut file = match self.disk.create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    self.disk.remove(&path)?;
                    self.disk.create(&path)?
                }
                created => created?,
            };
            write_all(&mut *file, &segment::header(salt), 0)?;
            file.sync()?;
            self.disk.sync_folder(&known.folder)?;
            Ok(file)
        };
        let file = create().map_err(|error: io::Error| {
            // What is left of it has no frame in it; the next attempt replaces it.
            let _already_gone = self.disk.remove(&path);
            if disk::is_full(&error) { Refused::Full(error) } else { Refused::Broken(error) }
        })?;
        let segment =
            Segment { id: self.next_id, first: next, bytes: segment::HEADER_BYTES, oldest: now, newest: now };
        self.next_id += 1;
        known.extent().segments.push_back(segment);
        self.open[stream][shard] = Some(Open { file, salt, length: segment::HEADER_BYTES });
        Ok(())
    }

    /// Cuts what was written ahead. If that fails zeros stay behind the last frame, where opening the log ignores them.
    fn close_segment(&mut self, stream: usize, shard: usize) {
        let Some(mut open) = self.open[stream][shard].take() else { return };
        let bytes =
            self.retention.streams[stream].shards[shard].extent().segments.back().map(|last| last.bytes);
        if let Some(bytes) = bytes.filter(|bytes| *bytes < open.length) {
            let _zeros_stay = open.file.cut(bytes);
        }
    }
}

impl Open {
    /// Writes a frame, and zeros behind it if it ends beyond those that are there; they do not make the file longer than
    /// `longest`.
    fn write(&mut self, frame: &[u8], at: u64, longest: u64) -> io::Result<()> {
        write_all(&mut *self.file, frame, at)?;
        let end = at + frame.len() as u64;
        if end <= self.length {
            return Ok(());
        }
        self.length = end;
        let wanted = longest.min(end + end.clamp(*AHEAD.start(), *AHEAD.end()));
        while self.length < wanted {
            let zeros = &ZEROS[..ZEROS.len().min((wanted - self.length) as usize)];
            match self.file.write_at(zeros, self.length) {
                Ok(written @ 1..) => self.length += written as u64,
                // The frame is what matters: without zeros behind it its sync takes longer, no more.
                _ => break,
            }
        }
        Ok(())
    }
}
