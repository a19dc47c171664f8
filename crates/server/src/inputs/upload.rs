//! A request's body as something to read from, on a thread that may wait.

use crate::layers::Fault;
use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::{Receiver, channel};

/// Pieces of a body that wait to be read; with the pieces' own size that bounds the memory of an upload.
const PIECES_WAITING: usize = 8;

/// Reads a body that arrives.
pub struct Upload {
    pieces: Receiver<Bytes>,
    piece: Bytes,
    fault: Arc<Mutex<Option<Fault>>>,
}

impl Upload {
    /// Starts to take a body in. The task ends with the body, or when the reader is dropped.
    pub fn start(mut body: Body) -> (Upload, tokio::task::JoinHandle<()>) {
        let (sender, pieces) = channel(PIECES_WAITING);
        let fault = Arc::new(Mutex::new(None));
        let held = Arc::clone(&fault);
        let task = tokio::spawn(async move {
            while let Some(frame) = body.frame().await {
                match frame {
                    Ok(frame) => {
                        let Ok(piece) = frame.into_data() else { continue };
                        if sender.send(piece).await.is_err() {
                            return;
                        }
                    }
                    Err(error) => {
                        *held.lock().unwrap_or_else(PoisonError::into_inner) = Some(Fault::of_body(&error));
                        return;
                    }
                }
            }
        });
        (
            Upload {
                pieces,
                piece: Bytes::new(),
                fault,
            },
            task,
        )
    }

    /// Why the body ended early, if it did.
    pub fn fault(&self) -> Arc<Mutex<Option<Fault>>> {
        Arc::clone(&self.fault)
    }
}

impl Read for Upload {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece,
                None if self
                    .fault
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .is_some() =>
                {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the upload ended early",
                    ));
                }
                None => return Ok(0),
            }
        }
        let taken = self.piece.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&self.piece.split_to(taken));
        Ok(taken)
    }
}
