//! Attacks that reach for the network and for other programs.

use super::{Control, check, python};
use crate::ground::Ground;

fn said_yes(_ground: &mut Ground, text: &str) -> bool {
    text.contains("yes")
}

macro_rules! attacks {
    ($($name:ident: $code:expr, $control:ident;)*) => {
        $(#[test] fn $name() { check(&python($code), Control::$control, said_yes); })*
    };
}

attacks! {
    tcp: "socket.create_connection(('127.0.0.1', int(os.environ['TCP'])))\nprint('yes')", Always;
    tcp_6: "socket.socket(socket.AF_INET6, socket.SOCK_STREAM)\nprint('yes')", Always;
    tcp_listener: "s = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen()\nprint('yes')", Always;
    raw_socket: "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)\nprint('yes')", Root;
    packet_socket: "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\nprint('yes')", Root;
    netlink: "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)\nprint('yes')", Always;
    unix_socket: "s = socket.socket(socket.AF_UNIX)\ns.connect(out + '/socket')\nprint('yes')", Always;
    abstract_socket: "s = socket.socket(socket.AF_UNIX)\n\
        s.connect('\\0' + os.environ['ABSTRACT'])\nprint('yes')", Always;
    pair_of_another_family: "libc.socketpair(2, 1, 0, (ctypes.c_int * 2)()) == -1 \
        and ctypes.get_errno() != 1 and print('yes')", Always;
    io_uring: "libc.syscall(425, 8, ctypes.create_string_buffer(512)) >= 0 and print('yes')", Never;
    another_interface_of_the_kernel:
        "libc.syscall(0x40000000 | 41, 2, 1, 0) >= 0 and print('yes')", Never;
    names_resolved: "import glob\nsocket.if_nameindex() and print('yes')", Always;
}

#[test]
fn datagrams() {
    let code = "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
        s.sendto(b'x', ('127.0.0.1', int(os.environ['UDP'])))";
    check(&python(code), Control::Always, |ground, _| ground.udp.recv(&mut [0; 8]).is_ok());
    let code = "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n\
        s.sendto(b'x', out + '/datagram')";
    check(&python(code), Control::Always, |ground, _| ground.datagram.recv(&mut [0; 8]).is_ok());
}

/// With the network allowed, a connection goes through, and neither a raw
/// socket nor another program's socket does.
#[test]
fn an_allowed_network_is_the_internets_alone() {
    let ground = Ground::new();
    let mut policy = ground.policy();
    policy.network = mlxcode_sandbox::Network::Allowed;
    let code = "def tried(what, how):\n\
        \x20   try:\n\
        \x20       how()\n\
        \x20       print(what, 'went')\n\
        \x20   except OSError:\n\
        \x20       print(what, 'failed')\n\
        s = socket\n\
        tried('tcp', lambda: s.create_connection(('127.0.0.1', int(os.environ['TCP']))))\n\
        tried('raw', lambda: s.socket(s.AF_INET, s.SOCK_RAW, 1))\n\
        tried('packet', lambda: s.socket(s.AF_PACKET, s.SOCK_RAW))\n\
        tried('route', lambda: s.socket(s.AF_NETLINK, s.SOCK_RAW, 0))\n\
        tried('audit', lambda: s.socket(s.AF_NETLINK, s.SOCK_RAW, 9))\n\
        tried('unix', lambda: s.socket(s.AF_UNIX).connect(out + '/socket'))";
    let ran = Ground::with(policy, &python(code));
    let expect = "tcp went\nraw failed\npacket failed\nroute went\naudit failed\nunix failed\n";
    assert_eq!(ran.output.text(), expect);
}
