//! `nas data fetch`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::run::{nas, refused};

/// A server that gives everybody this answer.
fn serve(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/c.tar.gz", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            // The request comes in one piece; an answer before it would break the connection.
            _ = stream.read(&mut [0; 4096]);
            _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

/// Exit code 1, this part in the message, and nothing left.
fn fails(answer: &'static str, part: &str) {
    let url = serve(answer);
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("a path");
    let run = nas(&["data", "fetch", "cifar10", "--out", out, "--url", &url]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert!(run.stderr.contains(part), "{}", run.stderr);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn what_a_server_does_not_have_leaves_nothing() {
    fails(
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "404 Not Found",
    );
    fails(
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
        "does not unpack",
    );
}

#[test]
fn bad_arguments_are_named_and_leave_nothing() {
    refused(&["data", "fetch", "imagenet"], &["imagenet", "cifar10"]);
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("data");
    let out_text = out.to_str().expect("a path");
    refused(&["data", "fetch", "cifar10", "--out", out_text, "--url", "not a url"], &["--url"]);
    assert!(!out.exists());
}
