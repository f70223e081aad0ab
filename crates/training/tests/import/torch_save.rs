//! Files as `torch.save` writes them, built by hand.

/// A value of a checkpoint.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    None,
    Int(u8),
    Float(f64),
    Text(String),
    /// An `OrderedDict`.
    Dict(Vec<(String, Node)>),
    Tensor(Stored),
    /// A `torch.nn.Parameter`.
    Parameter(Stored),
    /// An object with a state, by module and name of its class.
    Object(&'static str, &'static str, Vec<(String, Node)>),
}

/// A tensor as a view of a storage of its own.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) class: &'static str,
    pub(crate) shape: Vec<usize>,
    pub(crate) strides: Vec<usize>,
    /// The elements of the storage before those of the tensor.
    pub(crate) offset: usize,
    pub(crate) elements: usize,
    pub(crate) bytes: Vec<u8>,
}

impl Stored {
    /// Row-major f32.
    pub(crate) fn new(shape: &[usize], values: &[f32]) -> Self {
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        Self {
            class: "FloatStorage",
            shape: shape.to_vec(),
            strides,
            offset: 0,
            elements: values.len(),
            bytes: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }
}

/// How pickles name things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Two,
    /// With frames, short texts and a memo that counts by itself.
    Four,
}

struct Pickler {
    protocol: Protocol,
    bytes: Vec<u8>,
    storages: Vec<Stored>,
    legacy: bool,
}

impl Pickler {
    fn new(protocol: Protocol, legacy: bool) -> Self {
        let bytes = match protocol {
            Protocol::Two => vec![0x80, 2],
            // The length of the frame is not used by readers of whole files.
            Protocol::Four => vec![0x80, 4, 0x95, 0, 0, 0, 0, 0, 0, 0, 0],
        };
        Self { protocol, bytes, storages: Vec::new(), legacy }
    }

    fn text(&mut self, text: &str) {
        match self.protocol {
            Protocol::Two => {
                self.bytes.push(b'X');
                self.bytes.extend((text.len() as u32).to_le_bytes());
                self.bytes.extend(text.bytes());
            }
            Protocol::Four => {
                self.bytes.extend([0x8c, text.len() as u8]);
                self.bytes.extend(text.bytes());
                self.bytes.push(0x94);
            }
        }
    }

    fn int(&mut self, value: usize) {
        self.bytes.push(b'J');
        self.bytes.extend((value as i32).to_le_bytes());
    }

    fn global(&mut self, module: &str, name: &str) {
        match self.protocol {
            Protocol::Two => self.bytes.extend(format!("c{module}\n{name}\n").bytes()),
            Protocol::Four => {
                self.text(module);
                self.text(name);
                self.bytes.push(0x93);
            }
        }
    }

    fn sizes(&mut self, sizes: &[usize]) {
        self.bytes.push(b'(');
        sizes.iter().for_each(|&size| self.int(size));
        self.bytes.push(b't');
    }

    fn entries(&mut self, entries: &[(String, Node)]) {
        self.bytes.push(b'(');
        for (name, node) in entries {
            self.text(name);
            self.node(node);
        }
        self.bytes.push(b'u');
    }

    fn tensor(&mut self, tensor: &Stored) {
        self.global("torch._utils", "_rebuild_tensor_v2");
        self.bytes.extend(b"((");
        self.text("storage");
        self.global("torch", tensor.class);
        self.text(&self.storages.len().to_string());
        self.text("cpu");
        self.int(tensor.elements);
        self.bytes.extend(if self.legacy { &b"NtQ"[..] } else { b"tQ" });
        self.int(tensor.offset);
        self.sizes(&tensor.shape);
        self.sizes(&tensor.strides);
        self.bytes.push(0x89);
        self.global("collections", "OrderedDict");
        self.bytes.extend(b")RtR");
        self.storages.push(tensor.clone());
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::None => self.bytes.push(b'N'),
            Node::Int(value) => self.bytes.extend([b'K', *value]),
            Node::Float(value) => {
                self.bytes.push(b'G');
                self.bytes.extend(value.to_be_bytes());
            }
            Node::Text(text) => self.text(text),
            Node::Dict(entries) => {
                self.global("collections", "OrderedDict");
                self.bytes.extend(b")Rq\x01");
                self.entries(entries);
            }
            Node::Tensor(tensor) => self.tensor(tensor),
            Node::Parameter(tensor) => {
                self.global("torch._utils", "_rebuild_parameter");
                self.bytes.push(b'(');
                self.tensor(tensor);
                self.bytes.push(0x88);
                self.global("collections", "OrderedDict");
                self.bytes.extend(b")RtR");
            }
            Node::Object(module, name, state) => {
                self.global(module, name);
                self.bytes.extend(b")\x81}");
                self.entries(state);
                self.bytes.push(b'b');
            }
        }
    }
}

fn pickled(protocol: Protocol, node: &Node, legacy: bool) -> (Vec<u8>, Vec<Stored>) {
    let mut pickler = Pickler::new(protocol, legacy);
    pickler.node(node);
    pickler.bytes.push(b'.');
    (pickler.bytes, pickler.storages)
}

/// A file of PyTorch before 1.6.
pub(crate) fn before_1_6(node: &Node) -> Vec<u8> {
    let mut file = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.".to_vec();
    file.extend(b"\x80\x02M\xe9\x03.\x80\x02}(X\x0d\x00\x00\x00little_endian\x88u.");
    let (bytes, storages) = pickled(Protocol::Two, node, true);
    file.extend(bytes);
    let mut keys = Pickler::new(Protocol::Two, true);
    keys.bytes.extend(b"](");
    (0..storages.len()).for_each(|key| keys.text(&key.to_string()));
    keys.bytes.extend(b"e.");
    file.extend(keys.bytes);
    for storage in storages {
        file.extend((storage.elements as u64).to_le_bytes());
        file.extend(storage.bytes);
    }
    file
}

/// Compresses the bytes of a member.
pub(crate) type Compress = fn(&[u8]) -> Vec<u8>;

/// How an archive is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Zip {
    /// Bytes before the archive, from which its offsets are not counted.
    pub(crate) before: Vec<u8>,
    /// Sizes and offsets of 64 bits in extra fields, and the records for them at the end.
    pub(crate) is_64: bool,
    /// Local headers without sizes, which follow the data.
    pub(crate) has_descriptors: bool,
    pub(crate) comment: Vec<u8>,
    pub(crate) deflate: Option<Compress>,
}

impl Zip {
    /// The archive of these members.
    pub(crate) fn write(&self, members: &[(String, Vec<u8>)]) -> Vec<u8> {
        let (mut file, mut directory) = (Vec::new(), Vec::new());
        for (index, (name, bytes)) in members.iter().enumerate() {
            let data = self.deflate.map_or_else(|| bytes.clone(), |deflate| deflate(bytes));
            let method = if self.deflate.is_some() { 8_u16 } else { 0 };
            let flags = if self.has_descriptors { 8_u16 } else { 0 };
            let offset = file.len();
            let wide = |size: usize| if self.is_64 { u32::MAX } else { size as u32 };
            // Padding of odd lengths, as PyTorch aligns its storages.
            let padding = vec![b'Z'; index % 7];
            let local = if self.has_descriptors { [0; 2] } else { [data.len(), bytes.len()] };
            file.extend(b"PK\x03\x04\x14\x00");
            file.extend([flags, method, 0, 0].iter().flat_map(|field| field.to_le_bytes()));
            file.extend([0_u32, local[0] as u32, local[1] as u32].map(u32::to_le_bytes).concat());
            file.extend((name.len() as u16).to_le_bytes());
            file.extend((4 + padding.len() as u16).to_le_bytes());
            file.extend(name.bytes());
            file.extend(b"FB");
            file.extend((padding.len() as u16).to_le_bytes());
            file.extend(&padding);
            file.extend(&data);
            if self.has_descriptors {
                file.extend(b"PK\x07\x08\x00\x00\x00\x00");
                file.extend([data.len() as u32, bytes.len() as u32].map(u32::to_le_bytes).concat());
            }
            let mut extra = Vec::new();
            if self.is_64 {
                extra.extend(b"\x01\x00\x18\x00");
                extra.extend([bytes.len(), data.len(), offset].map(usize::to_le_bytes).concat());
            }
            directory.extend(b"PK\x01\x02\x14\x00\x14\x00");
            directory.extend([flags, method, 0, 0].iter().flat_map(|field| field.to_le_bytes()));
            let sizes = [0, wide(data.len()), wide(bytes.len())];
            directory.extend(sizes.map(u32::to_le_bytes).concat());
            directory.extend((name.len() as u16).to_le_bytes());
            directory.extend((extra.len() as u16).to_le_bytes());
            directory.extend([0; 10]);
            directory.extend(wide(offset).to_le_bytes());
            directory.extend(name.bytes());
            directory.extend(extra);
        }
        let (start, len) = (file.len(), directory.len());
        file.extend(directory);
        let mut end = [start, len];
        if self.is_64 {
            let record = file.len();
            file.extend(b"PK\x06\x06\x2c\x00\x00\x00\x00\x00\x00\x00\x2d\x00\x2d\x00");
            file.extend([0; 8]);
            let count = members.len();
            file.extend([count, count, len, start].map(usize::to_le_bytes).concat());
            file.extend(b"PK\x06\x07\x00\x00\x00\x00");
            file.extend(record.to_le_bytes());
            file.extend(1_u32.to_le_bytes());
            end = [u32::MAX as usize; 2];
        }
        file.extend(b"PK\x05\x06\x00\x00\x00\x00");
        file.extend([members.len() as u16; 2].map(u16::to_le_bytes).concat());
        file.extend([end[1] as u32, end[0] as u32].map(u32::to_le_bytes).concat());
        file.extend((self.comment.len() as u16).to_le_bytes());
        file.extend(&self.comment);
        [self.before.clone(), file].concat()
    }
}

/// The members of a file of `torch.save`.
pub(crate) fn members(node: &Node, protocol: Protocol) -> Vec<(String, Vec<u8>)> {
    let (pickle, storages) = pickled(protocol, node, false);
    let mut members = vec![
        ("archive/data.pkl".to_owned(), pickle),
        ("archive/byteorder".to_owned(), b"little".to_vec()),
    ];
    let storages = storages.into_iter().enumerate();
    members.extend(storages.map(|(key, storage)| (format!("archive/data/{key}"), storage.bytes)));
    members.push(("archive/version".to_owned(), b"3\n".to_vec()));
    members
}

/// A file of `torch.save`.
pub(crate) fn saved(node: &Node) -> Vec<u8> {
    Zip::default().write(&members(node, Protocol::Two))
}
