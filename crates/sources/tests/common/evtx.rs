//! Writes event logs: just enough of the format to have templates, values of several types, and chunks with checksums that hold.

/// A node of the XML of a record.
pub(crate) enum Node {
    /// Name, attributes, content.
    Element(&'static str, Vec<(&'static str, Node)>, Vec<Node>),
    /// Text as it is.
    Text(String),
    /// The value of this number, of this type.
    Value(u16, u8),
}

/// A value for a template: its type and its bytes.
pub(crate) type Value = (u8, Vec<u8>);

/// A text as a value.
pub(crate) fn text(text: &str) -> Value {
    (0x01, wide(text))
}

/// One chunk in the making.
pub(crate) struct Chunk {
    bytes: Vec<u8>,
    template_at: Option<usize>,
    records: u64,
}

pub(crate) const CHUNK_BYTES: usize = 65_536;

impl Default for Chunk {
    fn default() -> Chunk {
        Chunk {
            bytes: vec![0; 512],
            template_at: None,
            records: 0,
        }
    }
}

impl Chunk {
    /// Adds a record of a template; only the first one writes the template down.
    pub(crate) fn record(&mut self, template: &Node, values: &[Value]) {
        let start = self.begin_record();
        self.put(&[0x0F, 1, 1, 0, 0x0C, 1, 7, 0, 0, 0]);
        if let Some(at) = self.template_at {
            self.put(&(at as u32).to_le_bytes());
        } else {
            let at = self.bytes.len() + 4;
            self.template_at = Some(at);
            self.put(&(at as u32).to_le_bytes());
            self.put(&[0; 4 + 16]);
            let size_at = self.bytes.len();
            self.put(&[0; 4]);
            self.put(&[0x0F, 1, 1, 0]);
            self.node(template, true);
            self.put(&[0]);
            let size = (self.bytes.len() - size_at - 4) as u32;
            self.bytes[size_at..size_at + 4].copy_from_slice(&size.to_le_bytes());
        }
        self.put(&(values.len() as u32).to_le_bytes());
        for (value_type, bytes) in values {
            self.put(&(bytes.len() as u16).to_le_bytes());
            self.put(&[*value_type, 0]);
        }
        for (_, bytes) in values {
            self.put(bytes);
        }
        self.end_record(start);
    }

    /// Adds a record of any bytes.
    pub(crate) fn raw_record(&mut self, body: &[u8]) {
        let start = self.begin_record();
        self.put(body);
        self.end_record(start);
    }

    /// The chunk with its checksums; bytes that do not fit are left out.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.truncate(CHUNK_BYTES);
        let end = self.bytes.len();
        self.bytes.resize(CHUNK_BYTES, 0);
        self.bytes[..8].copy_from_slice(b"ElfChnk\0");
        seal(&mut self.bytes, end);
        self.bytes
    }

    fn begin_record(&mut self) -> usize {
        let start = self.bytes.len();
        self.records += 1;
        self.put(&0x2A2A_u32.to_le_bytes());
        self.put(&[0; 4]);
        self.put(&self.records.to_le_bytes());
        self.put(&[0; 8]);
        start
    }

    fn end_record(&mut self, start: usize) {
        let size = (self.bytes.len() + 4 - start) as u32;
        self.put(&size.to_le_bytes());
        self.bytes[start + 4..start + 8].copy_from_slice(&size.to_le_bytes());
    }

    fn node(&mut self, node: &Node, in_template: bool) {
        match node {
            Node::Text(text) => {
                self.put(&[0x05, 0x01]);
                self.put(&(text.encode_utf16().count() as u16).to_le_bytes());
                self.put(&wide(text));
            }
            Node::Value(number, value_type) => {
                self.put(&[0x0E]);
                self.put(&number.to_le_bytes());
                self.put(&[*value_type]);
            }
            Node::Element(name, attributes, content) => {
                self.put(&[if attributes.is_empty() { 0x01 } else { 0x41 }]);
                if in_template {
                    self.put(&[0xFF, 0xFF]);
                }
                self.put(&[0; 4]);
                self.name(name);
                if !attributes.is_empty() {
                    self.put(&[0; 4]);
                    for (name, value) in attributes {
                        self.put(&[0x06]);
                        self.name(name);
                        self.node(value, in_template);
                    }
                }
                if content.is_empty() {
                    self.put(&[0x03]);
                    return;
                }
                self.put(&[0x02]);
                for node in content {
                    self.node(node, in_template);
                }
                self.put(&[0x04]);
            }
        }
    }

    fn name(&mut self, name: &str) {
        let at = self.bytes.len() as u32 + 4;
        self.put(&at.to_le_bytes());
        self.put(&[0; 6]);
        self.put(&(name.len() as u16).to_le_bytes());
        self.put(&wide(name));
        self.put(&[0; 2]);
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

/// Writes the end of the records and both checksums into a chunk.
pub(crate) fn seal(chunk: &mut [u8], end: usize) {
    let put =
        |chunk: &mut [u8], at: usize, number: u32| chunk[at..at + 4].copy_from_slice(&number.to_le_bytes());
    put(chunk, 48, end as u32);
    let records = checksum(&chunk[512..end]);
    put(chunk, 52, records);
    let mut header = chunk[..120].to_vec();
    header.extend_from_slice(&chunk[128..512]);
    put(chunk, 124, checksum(&header));
}

/// A file of chunks; `flags` 1 says that it is still written to.
pub(crate) fn file(flags: u8, chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut file = vec![0; 4096];
    file[..8].copy_from_slice(b"ElfFile\0");
    file[120] = flags;
    for chunk in chunks {
        file.extend_from_slice(chunk);
    }
    file
}

/// An event of the security log: the values are number, record number, keywords, user, address.
pub(crate) fn sign_in_template() -> Node {
    use Node::{Element, Text, Value};
    let data = |name: &str, value: Node| Element("Data", vec![("Name", Text(name.to_owned()))], vec![value]);
    let plain = |name: &'static str, node: Node| Element(name, vec![], vec![node]);
    let provider = Text("Microsoft-Windows-Security-Auditing".to_owned());
    Element(
        "Event",
        vec![(
            "xmlns",
            Text("http://schemas.microsoft.com/win/2004/08/events/event".to_owned()),
        )],
        vec![
            Element(
                "System",
                vec![],
                vec![
                    Element("Provider", vec![("Name", provider)], vec![]),
                    plain("EventID", Value(0, 0x06)),
                    plain("Keywords", Value(2, 0x15)),
                    Element("TimeCreated", vec![("SystemTime", Value(5, 0x11))], vec![]),
                    plain("EventRecordID", Value(1, 0x0A)),
                    plain("Channel", Text("Security".to_owned())),
                    plain("Computer", Text("dc1.contoso.example".to_owned())),
                ],
            ),
            Element(
                "EventData",
                vec![],
                vec![
                    data("TargetUserName", Value(3, 0x01)),
                    data("TargetDomainName", Text("CONTOSO".to_owned())),
                    data("IpAddress", Value(4, 0x01)),
                    data("LogonType", Text("10".to_owned())),
                ],
            ),
        ],
    )
}

/// The values of one such event.
pub(crate) fn sign_in_values(id: u16, record: u64, user: &str, address: &str) -> Vec<Value> {
    // 2024-05-04T10:20:30.1234567Z in ticks of 100 ns since 1601.
    let ticks: u64 = 133_592_916_301_234_567;
    let keywords: u64 = if id == 4625 {
        0x8010_0000_0000_0000
    } else {
        0x8020_0000_0000_0000
    };
    vec![
        (0x06, id.to_le_bytes().to_vec()),
        (0x0A, record.to_le_bytes().to_vec()),
        (0x15, keywords.to_le_bytes().to_vec()),
        text(user),
        text(address),
        (0x11, ticks.to_le_bytes().to_vec()),
    ]
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// CRC-32 (IEEE 802.3), bit by bit.
fn checksum(bytes: &[u8]) -> u32 {
    let mut checksum = u32::MAX;
    for byte in bytes {
        checksum ^= u32::from(*byte);
        for _ in 0..8 {
            checksum = if checksum & 1 == 1 {
                checksum >> 1 ^ 0xEDB8_8320
            } else {
                checksum >> 1
            };
        }
    }
    !checksum
}
