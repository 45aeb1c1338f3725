//! The system calls of sockets that never block.

/// Begins to connect to the loopback address.
pub fn connect(port: u16) -> std::io::Result<i32> {
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as u16,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes([127, 0, 0, 1]),
        },
        sin_zero: [0; 8],
    };
    unsafe {
        let file = libc::socket(
            libc::AF_INET,
            libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC,
            0,
        );
        if file < 0 {
            return Err(std::io::Error::last_os_error());
        }
        let yes = 1i32;
        libc::setsockopt(
            file,
            libc::IPPROTO_TCP,
            libc::TCP_NODELAY,
            &yes as *const i32 as *const _,
            4,
        );
        let size = std::mem::size_of_val(&address) as u32;
        if libc::connect(file, &address as *const _ as *const _, size) != 0
            && last_error() != libc::EINPROGRESS
        {
            let error = std::io::Error::last_os_error();
            libc::close(file);
            return Err(error);
        }
        Ok(file)
    }
}

/// Why connecting failed, if it did.
pub fn pending_error(file: i32) -> Option<std::io::Error> {
    let (mut code, mut size) = (0i32, 4u32);
    unsafe {
        libc::getsockopt(
            file,
            libc::SOL_SOCKET,
            libc::SO_ERROR,
            &mut code as *mut i32 as *mut _,
            &mut size,
        )
    };
    (code != 0).then(|| std::io::Error::from_raw_os_error(code))
}

pub fn last_error() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Closes a socket without a goodbye (RST), which leaves no port in TIME_WAIT.
pub fn cut(file: i32) {
    let linger = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    unsafe {
        let (value, size) = (
            &linger as *const _ as *const _,
            std::mem::size_of_val(&linger) as u32,
        );
        libc::setsockopt(file, libc::SOL_SOCKET, libc::SO_LINGER, value, size);
        libc::close(file);
    }
}
