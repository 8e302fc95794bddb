//! A stream of server-sent events (HTML §9.2.6), read as it comes.

use std::time::Duration;

use serde_json::Value;

/// "After 20 seconds without a byte believe nothing": Portico says something every fifteen.
const SILENCE: Duration = Duration::from_secs(20);
/// No honest line is longer.
const LONGEST_LINE: usize = 64 * 1024;

/// One event.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Event {
    /// Empty where there is no event, but only a position or a pause.
    pub(crate) name: String,
    pub(crate) data: Value,
    /// Where it goes on from here.
    pub(crate) id: Option<String>,
    /// How long to wait before coming back, in milliseconds.
    pub(crate) retry: Option<u64>,
}

/// An answer that goes on.
pub(crate) struct EventStream {
    answer: reqwest::Response,
    lines: EventLines,
}

impl EventStream {
    /// Reads the body of an answer.
    pub(crate) fn of(answer: reqwest::Response) -> Self {
        Self {
            answer,
            lines: EventLines::default(),
        }
    }

    /// The next event; nothing when the stream is over, broken or silent.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.lines.event() {
                return Some(event);
            }
            let piece = tokio::time::timeout(SILENCE, self.answer.chunk()).await;
            let piece = piece.ok()?.ok()??;
            self.lines.take(&piece)?;
        }
    }
}

/// What came of a stream and was not read yet.
#[derive(Default)]
pub(crate) struct EventLines {
    rest: Vec<u8>,
    event: Event,
}

impl EventLines {
    /// Takes a piece; nothing when it makes a line that is too long.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Option<()> {
        self.rest.extend_from_slice(piece);
        let begun = self.rest.rsplit(|byte| *byte == b'\n').next();
        (begun.map_or(0, <[u8]>::len) <= LONGEST_LINE).then_some(())
    }

    /// The next event that is there whole.
    pub(crate) fn event(&mut self) -> Option<Event> {
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                let event = std::mem::take(&mut self.event);
                if event != Event::default() {
                    return Some(event);
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => self.event.name = value.to_owned(),
                // Each of Portico's is one line of JSON.
                "data" => self.event.data = serde_json::from_str(value).unwrap_or_default(),
                "id" => self.event.id = Some(value.to_owned()),
                "retry" => self.event.retry = value.parse().ok(),
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_read_however_it_is_cut_into_pieces() {
        let text = ": comment\r\n\r\nretry: 1500\n\nid: p1\nevent: session_ended\ndata: {\"sid\":\"s1\"}\n\nid: p2\n\nevent: half";
        for size in [1, 2, 7, text.len()] {
            let mut lines = EventLines::default();
            let mut events = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                lines.take(piece).expect("short");
                events.extend(std::iter::from_fn(|| lines.event()));
            }
            let pause = Event {
                retry: Some(1500),
                ..Event::default()
            };
            let ended = Event {
                name: "session_ended".to_owned(),
                data: json!({ "sid": "s1" }),
                id: Some("p1".to_owned()),
                retry: None,
            };
            let position = Event {
                id: Some("p2".to_owned()),
                ..Event::default()
            };
            assert_eq!(events, [pause, ended, position], "in pieces of {size}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_not_kept() {
        let mut lines = EventLines::default();
        lines.take(b"data: 1\n").expect("short");
        assert!(lines.take(&vec![b'x'; LONGEST_LINE + 1]).is_none());
    }
}
