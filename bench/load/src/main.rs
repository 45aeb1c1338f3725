//! Loads one chat server on the loopback address and prints what it measured as a line of JSON.
mod accounts;
mod arguments;
mod blast;
mod clock;
mod delays;
mod dialect;
mod engine;
mod frames;
mod http;
mod processes;
mod scenarios;
mod sockets;
mod stamps;
mod tally;

use arguments::Arguments;
use scenarios::Run;

const HELP: &str = "load SCENARIO --port PORT --dialect plain|echoroom|echoroom-batch|socketio|centrifuge [options]
SCENARIO: traffic, search, storm, recovery, rest, logins, soak, sink; blast is the server for sink";

fn main() {
    let mut words = std::env::args().skip(1);
    let scenario = words.next().unwrap_or_default();
    let arguments = Arguments::parse(words);
    processes::raise_file_limit();
    if scenario == "blast" {
        return blast::serve(&arguments);
    }
    let measure = match scenario.as_str() {
        "traffic" => scenarios::traffic::measure,
        "search" => scenarios::search::measure,
        "storm" => scenarios::storm::measure,
        "recovery" => scenarios::recovery::measure,
        "rest" => scenarios::rest::measure,
        "logins" => scenarios::logins::measure,
        "soak" => scenarios::soak::measure,
        "sink" => scenarios::sink::measure,
        _ => {
            eprintln!("{HELP}");
            std::process::exit(2);
        }
    };
    println!("{}", measure(&mut Run::new(arguments)));
}
