//! Lists of numbers in the narrowest type that holds all of them. A number
//! that does not fit widens the whole list, which happens three times at most.

macro_rules! narrow {
    ($(#[$about:meta])* $name:ident of $wide:ty, from $first:ident: $($variant:ident($narrow:ty)),+) => {
        $(#[$about])*
        #[derive(Clone, Debug)]
        pub(in crate::audience) enum $name {
            $($variant(Vec<$narrow>)),+
        }

        impl Default for $name {
            fn default() -> Self {
                Self::$first(Vec::new())
            }
        }

        impl $name {
            pub fn len(&self) -> usize {
                match self { $(Self::$variant(list) => list.len()),+ }
            }

            pub fn get(&self, at: usize) -> $wide {
                match self { $(Self::$variant(list) => list[at].into()),+ }
            }

            /// Replaces a number of the list.
            pub fn put(&mut self, at: usize, x: $wide) {
                self.make_room(x);
                match self { $(Self::$variant(list) => list[at] = x as $narrow),+ }
            }

            pub fn push(&mut self, x: $wide) {
                self.make_room(x);
                match self { $(Self::$variant(list) => list.push(x as $narrow)),+ }
            }

            /// So many numbers, new ones being `x`.
            pub fn resize(&mut self, count: usize, x: $wide) {
                self.make_room(x);
                match self { $(Self::$variant(list) => list.resize(count, x as $narrow)),+ }
            }

            /// Bytes of memory.
            pub fn memory(&self) -> usize {
                match self { $(Self::$variant(list) => list.capacity() * size_of::<$narrow>()),+ }
            }

            /// After this no cast of `x` loses anything.
            fn make_room(&mut self, x: $wide) {
                if !match self { $(Self::$variant(_) => <$narrow>::try_from(x).is_ok()),+ } {
                    *self = self.widened(x);
                }
            }

            /// The same numbers in the first type that holds `x` as well.
            fn widened(&self, x: $wide) -> Self {
                let width = match self { $(Self::$variant(_) => size_of::<$narrow>()),+ };
                $(if size_of::<$narrow>() > width && <$narrow>::try_from(x).is_ok() {
                    let numbers = (0..self.len()).filter_map(|at| <$narrow>::try_from(self.get(at)).ok());
                    return Self::$variant(numbers.collect());
                })+
                self.clone()
            }
        }
    };
}

narrow! {
    /// Whole numbers.
    Ints of i64, from I8: I8(i8), I16(i16), I32(i32), I64(i64)
}

narrow! {
    /// Places in a dictionary.
    Places of u32, from U8: U8(u8), U16(u16), U32(u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_as_the_list_widens() {
        let mut ints = Ints::default();
        let mut model: Vec<i64> = Vec::new();
        for x in [1, -128, 127, 128, -32_768, 40_000, -2_147_483_648, 2_147_483_648, i64::MIN, i64::MAX] {
            ints.push(x);
            model.push(x);
            assert_eq!((0..ints.len()).map(|at| ints.get(at)).collect::<Vec<_>>(), model, "{x}");
        }
        let mut places = Places::default();
        places.resize(3, 255);
        places.put(1, 256);
        assert!(matches!(places, Places::U16(_)));
        places.put(2, 70_000);
        assert_eq!([0, 1, 2].map(|at| places.get(at)), [255, 256, 70_000]);
    }
}
