//! The wire: a listener that can be taken down, and connections that can be
//! cut at a chosen moment, as a network does it.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// One connection, as a request handler sees it: it can be cut.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    shared: Arc<LineState>,
}

#[derive(Debug, Default)]
struct LineState {
    cut: AtomicU8,
    reader: Mutex<Option<Waker>>,
}

/// The connection's bytes.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    line: Line,
}

/// The listening socket; while it is down, connections are refused.
#[derive(Debug)]
pub(crate) struct Door {
    listener: Option<TcpListener>,
    address: SocketAddr,
    up: watch::Receiver<bool>,
    lines: Lines,
}

/// Every open connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<Weak<LineState>>>>);

/// The line works.
const WHOLE: u8 = 0;
/// The next read or write fails.
const CUT: u8 = 1;
/// The next write passes its headers and half of its body, then all fails.
const CUT_IN_BODY: u8 = 2;

impl Line {
    /// Resets the connection before anything more is written.
    pub(crate) fn cut(&self) {
        self.shared.set(CUT);
    }

    /// Resets the connection in the middle of the next answer's body.
    pub(crate) fn cut_in_body(&self) {
        self.shared.set(CUT_IN_BODY);
    }
}

impl LineState {
    fn set(&self, state: u8) {
        self.cut.store(state, Ordering::SeqCst);
        if state == CUT
            && let Some(waker) = lock(&self.reader).take()
        {
            waker.wake();
        }
    }
}

impl Lines {
    /// Cuts every open connection.
    pub(crate) fn cut_all(&self) {
        let lines = std::mem::take(&mut *lock(&self.0));
        lines.iter().filter_map(Weak::upgrade).for_each(|line| line.set(CUT));
    }

    fn add(&self, line: &Line) {
        let mut lines = lock(&self.0);
        if lines.len() == lines.capacity() {
            lines.retain(|line| line.strong_count() > 0);
        }
        lines.push(Arc::downgrade(&line.shared));
    }
}

impl Door {
    /// Opens the door; `up` says whether it answers.
    pub(crate) async fn open(address: SocketAddr, up: watch::Receiver<bool>, lines: Lines) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener: Some(listener), address, up, lines })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the door is meant to be open, and opens it.
    async fn listening(&mut self) -> &TcpListener {
        loop {
            let up = *self.up.borrow_and_update();
            if !up {
                self.listener = None;
                self.lines.cut_all();
                if self.up.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            } else if self.listener.is_some() {
                break;
            } else {
                match TcpListener::bind(self.address).await {
                    Ok(listener) => self.listener = Some(listener),
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        }
        match &self.listener {
            Some(listener) => listener,
            None => std::future::pending().await,
        }
    }
}

impl Listener for Door {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        loop {
            let mut up = self.up.clone();
            let listener = self.listening().await;
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = went_down(&mut up) => continue,
            };
            match accepted {
                Ok((stream, from)) => {
                    // Without it every answer would wait for the client's delayed acknowledgement.
                    drop(stream.set_nodelay(true));
                    let line = Line { shared: Arc::default() };
                    self.lines.add(&line);
                    return (Wire { stream, line }, from);
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Connected<IncomingStream<'_, Door>> for Line {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().line.clone()
    }
}

impl Wire {
    fn is_cut(&self) -> bool {
        self.line.shared.cut.load(Ordering::SeqCst) == CUT
    }

    /// Makes the kernel send a reset instead of a polite end.
    fn reset(&self) -> io::Error {
        drop(self.stream.set_zero_linger());
        io::Error::from(io::ErrorKind::ConnectionReset)
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.is_cut() {
            return Poll::Ready(Err(self.reset()));
        }
        let result = Pin::new(&mut self.stream).poll_read(context, into);
        if result.is_pending() {
            *lock(&self.line.shared.reader) = Some(context.waker().clone());
            if self.is_cut() {
                return Poll::Ready(Err(self.reset()));
            }
        }
        result
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.line.shared.cut.load(Ordering::SeqCst) {
            WHOLE => Pin::new(&mut self.stream).poll_write(context, bytes),
            CUT_IN_BODY => {
                let body = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
                let part = &bytes[..body + (bytes.len() - body) / 2];
                let result = Pin::new(&mut self.stream).poll_write(context, part);
                if result.is_ready() {
                    self.line.shared.set(CUT);
                }
                result
            }
            _ => Poll::Ready(Err(self.reset())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

async fn went_down(up: &mut watch::Receiver<bool>) {
    let has_sender = up.wait_for(|up| !*up).await.is_ok();
    if !has_sender {
        std::future::pending::<()>().await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
