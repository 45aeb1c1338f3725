//! The command line: pairs of `--name value`.
use std::collections::HashMap;

pub struct Arguments(HashMap<String, String>);

impl Arguments {
    pub fn parse(mut words: impl Iterator<Item = String>) -> Arguments {
        let mut pairs = HashMap::new();
        while let Some(word) = words.next() {
            let name = word
                .strip_prefix("--")
                .unwrap_or_else(|| panic!("expected --name, got {word}"));
            let value = words
                .next()
                .unwrap_or_else(|| panic!("--{name} wants a value"));
            pairs.insert(name.to_string(), value);
        }
        Arguments(pairs)
    }

    pub fn text(&self, name: &str, default: &str) -> String {
        self.0
            .get(name)
            .cloned()
            .unwrap_or_else(|| default.to_string())
    }

    pub fn number(&self, name: &str, default: f64) -> f64 {
        let Some(value) = self.0.get(name) else {
            return default;
        };
        value
            .parse()
            .unwrap_or_else(|_| panic!("--{name} wants a number"))
    }

    pub fn count(&self, name: &str, default: usize) -> usize {
        self.number(name, default as f64) as usize
    }

    pub fn port(&self) -> u16 {
        self.count("port", 3000) as u16
    }
}
