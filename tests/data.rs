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

#[test]
fn a_server_without_the_file_is_an_error() {
    let url = serve("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("a path");
    let run = nas(&["data", "fetch", "cifar10", "--out", out, "--url", &url]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert!(run.stderr.contains("404 Not Found"), "{}", run.stderr);
}

#[test]
fn other_data_is_refused_and_removed() {
    let url = serve("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("a path");
    let run = nas(&["data", "fetch", "cifar10", "--out", out, "--url", &url]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert!(run.stderr.contains("does not unpack"), "{}", run.stderr);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn bad_arguments_are_named() {
    refused(&["data", "fetch", "imagenet"], &["imagenet", "cifar10"]);
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("data");
    let out = out.to_str().expect("a path");
    refused(&["data", "fetch", "cifar10", "--out", out, "--url", "not a url"], &["--url"]);
}
