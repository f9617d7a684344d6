//! The local socket through which commands reach a running engine.
//!
//! `engine.sock` in the data folder, readable by its owner alone. A request is
//! one line of JSON; the answer is any number of progress lines and then one
//! reply or error. Where the folder's path is too long for a socket's address,
//! the socket stands in a private folder of the system's temporary directory
//! and `engine.sock.path` says where.

use crate::engine::Engine;
use crate::engine::command::{Reply, Request};
use crate::import::Progress;
use crate::model::Text;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// The longest path that a socket's address takes everywhere.
const LONGEST: usize = 100;

/// A request is a line of at most so many bytes.
const LONGEST_REQUEST: u64 = 1 << 20;
/// How long a connection may stay silent before its request.
const PATIENCE: Duration = Duration::from_secs(10);

const SOCKET: &str = "engine.sock";
const POINTER: &str = "engine.sock.path";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Progress(Progress),
    Reply(Reply),
    Error(Text),
}

/// A listening socket; dropping it ends the listening and removes its files.
pub struct Control {
    socket: PathBuf,
    files: Vec<PathBuf>,
    is_over: Arc<AtomicBool>,
}

/// Listens in `data` and answers each connection on a thread of its own.
pub fn serve(data: &Path, engine: Arc<Engine>) -> io::Result<Control> {
    let (socket, pointer) = address(data)?;
    let _ = std::fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket)?;
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;
    let mut files = vec![socket.clone()];
    if let Some(pointer) = pointer {
        std::fs::write(&pointer, socket.to_string_lossy().as_bytes())?;
        files.push(pointer);
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let over = is_over.clone();
    thread::Builder::new().name("control".into()).spawn(move || {
        for stream in listener.incoming() {
            if over.load(Ordering::SeqCst) {
                return;
            }
            let stream = match stream {
                Ok(stream) => stream,
                Err(error) => {
                    // out of descriptors, most likely: it passes, and must not cost a core meanwhile
                    tracing::warn!(%error, "a command cannot be received");
                    thread::sleep(Duration::from_millis(100));
                    continue;
                }
            };
            let engine = engine.clone();
            let spawned = thread::Builder::new().name("command".into()).spawn(move || answer(&engine, stream));
            if let Err(error) = spawned {
                tracing::error!(%error, "a command cannot be answered");
            }
        }
    })?;
    Ok(Control { socket, files, is_over })
}

impl Drop for Control {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // the thread waits for a connection: this is the last
        drop(UnixStream::connect(&self.socket));
        for file in &self.files {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// Sends a request to the engine that runs on `data`. `None`: there is none.
pub fn ask(
    data: &Path,
    request: &Request,
    progress: &mut dyn FnMut(Progress),
) -> Option<io::Result<Result<Reply, Text>>> {
    connect(data).map(|stream| talk(stream, request, progress))
}

/// Whether an engine listens on `data`.
pub fn is_served(data: &Path) -> bool {
    connect(data).is_some()
}

fn connect(data: &Path) -> Option<UnixStream> {
    let pointed = std::fs::read_to_string(data.join(POINTER)).ok().map(PathBuf::from);
    UnixStream::connect(pointed.unwrap_or_else(|| data.join(SOCKET))).ok()
}

fn talk(
    mut stream: UnixStream,
    request: &Request,
    progress: &mut dyn FnMut(Progress),
) -> io::Result<Result<Reply, Text>> {
    write_line(&mut stream, request)?;
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line?)? {
            Line::Progress(now) => progress(now),
            Line::Reply(reply) => return Ok(Ok(reply)),
            Line::Error(text) => return Ok(Err(text)),
        }
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the engine stopped before it answered"))
}

fn answer(engine: &Engine, stream: UnixStream) {
    if let Err(error) = try_answer(engine, &stream) {
        tracing::debug!(%error, "a command went away before its answer");
    }
}

fn try_answer(engine: &Engine, mut stream: &UnixStream) -> io::Result<()> {
    let mut line = String::new();
    stream.set_read_timeout(Some(PATIENCE))?;
    BufReader::new(stream.take(LONGEST_REQUEST)).read_line(&mut line)?;
    let request = match serde_json::from_str(&line) {
        Ok(request) => request,
        Err(error) => {
            let text = format!("the running engine does not know this command ({error}): is it of another version?");
            return write_line(&mut stream, &Line::Error(Text::same(text)));
        }
    };
    let mut report = stream;
    let outcome = engine.execute(request, &mut |progress| drop(write_line(&mut report, &Line::Progress(progress))));
    match outcome {
        Ok(reply) => write_line(&mut stream, &Line::Reply(reply)),
        Err(error) => write_line(&mut stream, &Line::Error(error.text())),
    }
}

fn write_line<T: Serialize>(mut to: impl Write, value: &T) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    to.write_all(&line)
}

/// The socket's path and, if that is elsewhere, the file that points to it.
fn address(data: &Path) -> io::Result<(PathBuf, Option<PathBuf>)> {
    let here = std::path::absolute(data)?.join(SOCKET);
    if here.as_os_str().len() <= LONGEST {
        let _ = std::fs::remove_file(data.join(POINTER));
        return Ok((here, None));
    }
    let folder = std::env::temp_dir().join(format!("vestnik-{}", std::process::id()));
    // left by a process that was killed and had the same number
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
    Ok((folder.join(SOCKET), Some(data.join(POINTER))))
}
