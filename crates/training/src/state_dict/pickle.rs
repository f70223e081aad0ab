//! A reader of pickles that runs no code: classes and functions are only names, and what would be
//! called is kept as a call.

use std::collections::HashMap;

/// The place of a value in a [`Pickle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Id(usize);

/// A value of a pickle. Values refer to each other by place, so that shared and cyclic ones need no
/// copies.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// An integer that does not fit 64 bits, as its little-endian bytes.
    Long(Vec<u8>),
    Float(f64),
    Text(String),
    /// `bytes`, of which nothing is needed.
    Bytes,
    /// A list, tuple or set.
    List(Vec<Id>),
    /// A `dict`, `OrderedDict` or `defaultdict`.
    Dict(Vec<(Id, Id)>),
    /// A class or function.
    Global {
        module: String,
        name: String,
    },
    /// The result of calling a class or function.
    Call {
        of: Id,
        args: Id,
        state: Option<Id>,
        items: Vec<(Id, Id)>,
    },
    /// An object outside the pickle, such as a storage.
    Persistent(Id),
}

/// A pickle that was read.
#[derive(Debug)]
pub(super) struct Pickle {
    values: Vec<Value>,
    pub(super) root: Id,
    /// The length of its bytes.
    pub(super) len: usize,
}

impl Pickle {
    /// Reads the pickle at the beginning of `bytes`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut machine = Machine { bytes, ..Machine::default() };
        let root = machine.run()?;
        Ok(Self { values: machine.values, root, len: machine.at })
    }

    pub(super) fn get(&self, id: Id) -> &Value {
        &self.values[id.0]
    }

    pub(super) fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn list(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// An integer that is not negative.
    pub(super) fn size(&self, id: Id) -> Option<usize> {
        match self.get(id) {
            Value::Int(value) => usize::try_from(*value).ok(),
            _ => None,
        }
    }

    /// The entries of a dict or of an object that behaves as one.
    pub(super) fn entries(&self, id: Id) -> Option<&[(Id, Id)]> {
        match self.get(id) {
            Value::Dict(items) => Some(items),
            Value::Call { items, .. } if !items.is_empty() => Some(items),
            _ => None,
        }
    }

    /// The value of a text key in a dict. Of equal keys, the last one counts.
    pub(super) fn entry(&self, id: Id, key: &str) -> Option<Id> {
        let mut entries = self.entries(id)?.iter().rev();
        entries.find(|(name, _)| self.text(*name) == Some(key)).map(|(_, value)| *value)
    }

    /// What the persistent ids of the pickle refer to.
    pub(super) fn persistent(&self) -> impl Iterator<Item = Id> {
        self.values.iter().filter_map(|value| match value {
            &Value::Persistent(id) => Some(id),
            _ => None,
        })
    }

    /// Module and name of a class or function.
    pub(super) fn global(&self, id: Id) -> Option<(&str, &str)> {
        match self.get(id) {
            Value::Global { module, name } => Some((module, name)),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<Id>,
    /// Heights of the stack at its marks.
    marks: Vec<usize>,
    memo: HashMap<usize, Id>,
}

const ENDS: &str = "a file that ends too early, perhaps an interrupted download";
const MALFORMED: &str = "a damaged pickle";

impl<'a> Machine<'a> {
    /// Runs to the end of the pickle, whose value is returned.
    fn run(&mut self) -> Result<Id, String> {
        loop {
            let code = self.byte()?;
            if code == b'.' {
                return self.pop();
            }
            self.step(code)?;
        }
    }

    fn step(&mut self, code: u8) -> Result<(), String> {
        match code {
            // PROTO and FRAME.
            0x80 => _ = self.take(1)?,
            0x95 => _ = self.take(8)?,
            b'(' => self.marks.push(self.stack.len()),
            b'0' => _ = self.pop()?,
            b'1' => _ = self.above_mark()?,
            b'2' => self.stack.push(self.top()?),
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'I' | b'L' => {
                let line = self.line()?;
                self.push(match &line[..] {
                    "00" => Value::Bool(false),
                    "01" => Value::Bool(true),
                    line => Value::Int(line.trim_end_matches('L').parse().map_err(|_| MALFORMED)?),
                });
            }
            b'J' => {
                let value = i32::from_le_bytes(self.array()?);
                self.push(Value::Int(value.into()));
            }
            b'K' => {
                let value = self.byte()?;
                self.push(Value::Int(value.into()));
            }
            b'M' => {
                let value = u16::from_le_bytes(self.array()?);
                self.push(Value::Int(value.into()));
            }
            0x8a => {
                let len = self.byte()?.into();
                self.long(len)?;
            }
            0x8b => {
                let len = self.len(4)?;
                self.long(len)?;
            }
            b'F' => {
                let value = self.line()?.parse().map_err(|_| MALFORMED)?;
                self.push(Value::Float(value));
            }
            b'G' => {
                let value = f64::from_be_bytes(self.array()?);
                self.push(Value::Float(value));
            }
            b'S' | b'V' => {
                let line = self.line()?;
                self.push(Value::Text(line.trim_matches(['\'', '"']).to_owned()));
            }
            b'U' | 0x8c => {
                let len = self.byte()?.into();
                self.text(len)?;
            }
            b'T' | b'X' => {
                let len = self.len(4)?;
                self.text(len)?;
            }
            0x8d => {
                let len = self.len(8)?;
                self.text(len)?;
            }
            b'C' | b'B' | 0x8e | 0x96 => {
                let len = match code {
                    b'C' => self.byte()?.into(),
                    b'B' => self.len(4)?,
                    _ => self.len(8)?,
                };
                self.take(len)?;
                self.push(Value::Bytes);
            }
            b')' | b']' | 0x8f => self.push(Value::List(Vec::new())),
            0x85..=0x87 => {
                let count = usize::from(code - 0x84);
                let first = self.stack.len().checked_sub(count).ok_or(MALFORMED)?;
                let items = self.stack.split_off(first);
                self.push(Value::List(items));
            }
            b't' | b'l' | 0x91 => {
                let items = self.above_mark()?;
                self.push(Value::List(items));
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item]);
            }
            b'e' | 0x90 => {
                let items = self.above_mark()?;
                self.append(items);
            }
            b'}' => self.push(Value::Dict(Vec::new())),
            b'd' => {
                let items = self.above_mark()?;
                self.push(Value::Dict(pairs(&items)));
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.insert(&[key, value]);
            }
            b'u' => {
                let items = self.above_mark()?;
                self.insert(&items);
            }
            _ => self.step_of_objects(code)?,
        }
        Ok(())
    }

    /// The memo, classes, calls and objects outside the pickle.
    fn step_of_objects(&mut self, code: u8) -> Result<(), String> {
        match code {
            b'p' | b'q' | b'r' => {
                let index = self.memo_index(code, [b'p', b'q'])?;
                self.memo.insert(index, self.top()?);
            }
            0x94 => _ = self.memo.insert(self.memo.len(), self.top()?),
            b'g' | b'h' | b'j' => {
                let index = self.memo_index(code, [b'g', b'h'])?;
                self.stack.push(*self.memo.get(&index).ok_or(MALFORMED)?);
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Value::Global { module, name });
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let text = |id: Id| match &self.values[id.0] {
                    Value::Text(text) => Ok(text.clone()),
                    _ => Err(MALFORMED),
                };
                let global = Value::Global { module: text(module)?, name: text(name)? };
                self.push(global);
            }
            // REDUCE, NEWOBJ and NEWOBJ_EX.
            b'R' | 0x81 | 0x92 => {
                let keywords = if code == 0x92 { Some(self.pop()?) } else { None };
                let (args, of) = (self.pop()?, self.pop()?);
                self.call(of, args, keywords);
            }
            // INST and OBJ of protocols 0 and 1.
            b'i' => {
                let (module, name) = (self.line()?, self.line()?);
                let args = self.above_mark()?;
                let args = self.add(Value::List(args));
                let of = self.add(Value::Global { module, name });
                self.call(of, args, None);
            }
            b'o' => {
                let items = self.above_mark()?;
                let (&of, args) = items.split_first().ok_or(MALFORMED)?;
                let args = self.add(Value::List(args.to_vec()));
                self.call(of, args, None);
            }
            b'b' => {
                let new = self.pop()?;
                let to = self.top()?;
                if let Value::Call { state, .. } = &mut self.values[to.0] {
                    *state = Some(new);
                }
            }
            b'Q' => {
                let id = self.pop()?;
                self.push(Value::Persistent(id));
            }
            b'P' => {
                let line = self.line()?;
                let id = self.add(Value::Text(line));
                self.push(Value::Persistent(id));
            }
            code => return Err(format!("a pickle with the unknown code {code:#04x}")),
        }
        Ok(())
    }

    /// Dicts are made; any other call is kept as it is.
    fn call(&mut self, of: Id, args: Id, state: Option<Id>) {
        let is_dict = match &self.values[of.0] {
            Value::Global { module, name } => {
                module == "collections" && matches!(&name[..], "OrderedDict" | "defaultdict")
            }
            _ => false,
        };
        if !is_dict {
            self.push(Value::Call { of, args, state, items: Vec::new() });
            return;
        }
        // Python 2 passes the pairs as the argument.
        let list = |id: Id| match &self.values[id.0] {
            Value::List(items) => &items[..],
            _ => &[],
        };
        let given = list(args).first().map_or(&[][..], |&pairs| list(pairs));
        let pair = |&id: &Id| <[Id; 2]>::try_from(list(id)).ok().map(|[key, value]| (key, value));
        let items = given.iter().filter_map(pair).collect();
        self.push(Value::Dict(items));
    }

    fn append(&mut self, new: Vec<Id>) {
        // A subclass of list is a call, whose items do not matter here.
        if let Some(Value::List(items)) = self.stack.last().map(|to| &mut self.values[to.0]) {
            items.extend(new);
        }
    }

    fn insert(&mut self, new: &[Id]) {
        if let Some(Value::Dict(items) | Value::Call { items, .. }) =
            self.stack.last().map(|to| &mut self.values[to.0])
        {
            items.extend(pairs(new));
        }
    }

    fn add(&mut self, value: Value) -> Id {
        self.values.push(value);
        Id(self.values.len() - 1)
    }

    fn push(&mut self, value: Value) {
        let id = self.add(value);
        self.stack.push(id);
    }

    fn top(&self) -> Result<Id, String> {
        Ok(*self.stack.last().ok_or(MALFORMED)?)
    }

    fn pop(&mut self) -> Result<Id, String> {
        Ok(self.stack.pop().ok_or(MALFORMED)?)
    }

    fn above_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.marks.pop().filter(|&mark| mark <= self.stack.len()).ok_or(MALFORMED)?;
        Ok(self.stack.split_off(mark))
    }

    fn memo_index(&mut self, code: u8, [line, byte]: [u8; 2]) -> Result<usize, String> {
        Ok(match code {
            code if code == line => self.line()?.parse().map_err(|_| MALFORMED)?,
            code if code == byte => self.byte()?.into(),
            _ => self.len(4)?,
        })
    }

    fn long(&mut self, len: usize) -> Result<(), String> {
        let bytes = self.take(len)?;
        let value = match bytes.last() {
            None => Value::Int(0),
            Some(last) if len <= 8 => {
                let mut wide = [if last & 0x80 == 0 { 0 } else { 0xff }; 8];
                wide[..len].copy_from_slice(bytes);
                Value::Int(i64::from_le_bytes(wide))
            }
            Some(_) => Value::Long(bytes.to_vec()),
        };
        self.push(value);
        Ok(())
    }

    fn text(&mut self, len: usize) -> Result<(), String> {
        let text = String::from_utf8_lossy(self.take(len)?).into_owned();
        self.push(Value::Text(text));
        Ok(())
    }

    fn len(&mut self, bytes: usize) -> Result<usize, String> {
        let mut wide = [0; 8];
        wide[..bytes].copy_from_slice(self.take(bytes)?);
        Ok(usize::try_from(u64::from_le_bytes(wide)).map_err(|_| ENDS)?)
    }

    fn line(&mut self) -> Result<String, String> {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|&byte| byte == b'\n').ok_or(ENDS)?;
        self.at += len + 1;
        Ok(String::from_utf8_lossy(&rest[..len]).trim_end_matches('\r').to_owned())
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(len).ok_or(ENDS)?;
        let taken = self.bytes.get(self.at..end).ok_or(ENDS)?;
        self.at = end;
        Ok(taken)
    }
}

fn pairs(items: &[Id]) -> Vec<(Id, Id)> {
    items.as_chunks::<2>().0.iter().map(|&[key, value]| (key, value)).collect()
}
