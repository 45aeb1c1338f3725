//! What the server, the database and this process use, as the kernel counts it.
use crate::clock::{now, seconds};
use crate::delays::round;
use std::fs;

/// `utime` among the fields of `/proc/PID/stat` behind the name (proc_pid_stat(5)); `stime` follows.
const UTIME: usize = 11;

/// The processes that are measured beside this one.
pub struct Processes {
    pub server: i32,
    pub database: Option<i32>,
}

/// What had been used at one moment, in seconds of CPU.
pub struct Reading {
    at: u64,
    server: f64,
    database: f64,
    generator: f64,
    stolen: f64,
}

/// What was used between two moments: cores, but for `seconds` and `server_seconds`.
pub struct Usage {
    pub seconds: f64,
    pub server_seconds: f64,
    pub server: f64,
    pub database: f64,
    pub generator: f64,
    pub stolen: f64,
}

impl Processes {
    pub fn read(&self) -> Reading {
        Reading {
            at: now(),
            server: cpu_seconds(self.server),
            database: self.database.map_or(0.0, cpu_seconds),
            generator: own_cpu_seconds(),
            stolen: stolen_seconds(),
        }
    }

    pub fn since(&self, start: &Reading) -> Usage {
        let end = self.read();
        let wall = seconds(end.at - start.at).max(1e-9);
        let cores = |used: f64| round(used / wall, 2);
        Usage {
            seconds: wall,
            server_seconds: end.server - start.server,
            server: cores(end.server - start.server),
            database: cores(end.database - start.database),
            generator: cores(end.generator - start.generator),
            stolen: cores(end.stolen - start.stolen),
        }
    }

    /// Resident memory of the server in kB.
    pub fn memory(&self) -> f64 {
        status_kb(self.server, "VmRSS:")
    }

    /// The most that the server ever had resident, in MB.
    pub fn peak_mb(&self) -> f64 {
        round(status_kb(self.server, "VmHWM:") / 1024.0, 1)
    }
}

/// Thousands of sockets need as many files.
pub fn raise_file_limit() {
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
    }
}

/// User and kernel time of the process: of its threads, and of those that have ended.
fn cpu_seconds(pid: i32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name before the last parenthesis may hold spaces.
    let fields = text.rsplit(')').next().unwrap_or("").split_whitespace();
    let ticks: f64 = fields
        .skip(UTIME)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    ticks / unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64
}

fn own_cpu_seconds() -> f64 {
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    let of = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    of(usage.ru_utime) + of(usage.ru_stime)
}

/// What a hypervisor took from the cores of this machine.
fn stolen_seconds() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks = text
        .split_whitespace()
        .nth(8)
        .and_then(|field| field.parse::<f64>().ok());
    ticks.unwrap_or(0.0) / unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64
}

fn status_kb(pid: i32, field: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text
        .lines()
        .find(|line| line.starts_with(field))
        .unwrap_or("");
    line.split_whitespace()
        .nth(1)
        .and_then(|value| value.parse().ok())
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_time_of_a_thread_that_has_ended_is_kept() {
        let own = std::process::id() as i32;
        let start = cpu_seconds(own);
        std::thread::spawn(move || while cpu_seconds(own) < start + 0.1 {})
            .join()
            .unwrap();
        assert!(cpu_seconds(own) >= start + 0.1);
    }
}
