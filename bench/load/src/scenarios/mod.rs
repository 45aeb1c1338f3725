//! What can be measured; each scenario is given a `Run` and returns its figures.
pub mod logins;
pub mod recovery;
pub mod rest;
pub mod search;
pub mod sink;
pub mod soak;
pub mod storm;
pub mod traffic;

use crate::accounts;
use crate::arguments::Arguments;
use crate::dialect::Dialect;
use crate::engine::Engine;
use crate::processes::Processes;

/// Accounts are shared out over the sockets: making thousands would take longer than the runs.
const PEOPLE: usize = 8;
const SETTLE_SECONDS: f64 = 60.0;

pub struct Run {
    pub arguments: Arguments,
    pub engine: Engine,
    pub processes: Processes,
}

impl Run {
    pub fn new(arguments: Arguments) -> Run {
        let dialect = Dialect::named(&arguments.text("dialect", "echoroom"));
        let port = arguments.port();
        let pid = |name: &str| Some(arguments.count(name, 0) as i32).filter(|&pid| pid > 0);
        let processes = Processes {
            server: pid("server-pid").unwrap_or(-1),
            database: pid("database-pid"),
        };
        let mut engine = Engine::new(dialect, port);
        let rooms = arguments.count("rooms", 1);
        if dialect.has_accounts() {
            let members = arguments.count("people", 0);
            engine.tokens = accounts::register(port, PEOPLE.max(members));
            engine.rooms = accounts::make_rooms(port, &engine.tokens[0], rooms);
            if members > 0 {
                accounts::enter(port, &engine.tokens, &engine.rooms);
            }
        } else {
            engine.rooms = (0..rooms)
                .map(|room| format!("{:024x}", room + 1))
                .collect();
        }
        Run {
            arguments,
            engine,
            processes,
        }
    }

    /// Opens and joins all clients that were added, or gives up.
    pub fn gather(&mut self) {
        let engine = &mut self.engine;
        if engine.settle(SETTLE_SECONDS) {
            return;
        }
        let (joined, all, error) = (engine.joined, engine.clients(), &engine.tally.first_error);
        panic!(
            "only {joined} of {all} clients joined; {} failed; the first error: {error:?}",
            engine.failures
        );
    }
}
