//! Memory of one pass over the columns: buffers are taken and given back, so
//! that no block allocates.

/// So many rows are judged at a time: the masks of a condition and a block of
/// each narrow column stay in the nearest cache.
pub(super) const BLOCK: usize = 8_192;
/// So many rows of numbers are computed at a time, for the same reason.
pub(super) const CHUNK: usize = 1_024;
/// The words of a block's mask.
pub(super) const WORDS: usize = BLOCK / 64;
/// The words of a chunk's mask.
pub(super) const CHUNK_WORDS: usize = CHUNK / 64;

/// A mask of a block, on the heap so that taking it moves a pointer.
pub(super) type Mask = Box<[u64; WORDS]>;

/// Free buffers.
#[derive(Default)]
pub(super) struct Pool {
    masks: Vec<Mask>,
    lanes: Vec<Box<Lanes>>,
}

/// The numbers of some rows, of which only one kind is filled.
pub(super) struct Lanes {
    /// Floats, and whole numbers that floats hold exactly. One that is NaN or
    /// infinite is missing.
    pub floats: [f64; CHUNK],
    /// Other whole numbers.
    pub wholes: [i64; CHUNK],
    /// The rows that are not missing.
    pub known: [u64; CHUNK_WORDS],
}

impl Pool {
    /// A mask with anything in it.
    pub fn mask(&mut self) -> Mask {
        self.masks.pop().unwrap_or_else(|| Box::new([0; WORDS]))
    }

    pub fn give_mask(&mut self, mask: Mask) {
        self.masks.push(mask);
    }

    /// Lanes with anything in them.
    pub fn lanes(&mut self) -> Box<Lanes> {
        let new = || Box::new(Lanes { floats: [0.0; CHUNK], wholes: [0; CHUNK], known: [0; CHUNK_WORDS] });
        self.lanes.pop().unwrap_or_else(new)
    }

    pub fn give_lanes(&mut self, lanes: Box<Lanes>) {
        self.lanes.push(lanes);
    }
}
