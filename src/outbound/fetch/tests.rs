//! Where the guarded client goes and where it does not, with servers on this machine.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::dns::Resolve as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// A server that gives the same raw answer to everybody, and counts who came.
async fn server(answer: Vec<u8>) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&visits);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            // Who reads no further closes the connection; that is no error of ours.
            let _ = stream.write_all(&answer).await;
            if answer.is_empty() {
                std::future::pending::<()>().await;
            }
        }
    });
    (address, visits)
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// A resolver with a fixed table.
fn table(entries: &[(&str, &[&str])]) -> Lookup {
    let entries: HashMap<String, Vec<IpAddr>> = entries
        .iter()
        .map(|(name, all)| {
            let all = all.iter().map(|a| a.parse().expect("an address")).collect();
            ((*name).to_owned(), all)
        })
        .collect();
    Arc::new(move |name| {
        let found = entries.get(&name).cloned();
        let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
        Box::pin(async move { found.ok_or_else(missing) })
    })
}

fn client(allowed: &[&str], lookup: Lookup) -> GuardedFetch {
    let allowed = AllowedHosts::parse(allowed.iter().copied()).expect("hosts");
    let settings = FetchSettings {
        allowed,
        extra_ca: None,
    };
    GuardedFetch::with_lookup(settings, lookup, Duration::from_millis(500)).expect("a client")
}

async fn get(client: &GuardedFetch, uri: &str) -> Result<Response<Vec<u8>>, FetchProblem> {
    client.fetch(get_json(uri)?).await
}

#[tokio::test]
async fn attack_77_78_no_spelling_of_an_own_address_is_reached() {
    let (address, visits) = server(answer("200 OK", "", b"secret")).await;
    let port = address.port();
    let client = client(&[], table(&[]));
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00::1]",
        "[ff02::1]",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "market.localhost",
        "a.b.localhost.",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "255.255.255.255",
        "224.0.0.1",
    ] {
        let refused = get(&client, &format!("https://{host}:{port}/")).await;
        assert!(
            matches!(refused, Err(FetchProblem::Forbidden(_))),
            "{host}: {refused:?}"
        );
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn only_https_without_user_information_is_sent() {
    let client = client(&[], table(&[]));
    for uri in [
        "http://market.example/",
        "ftp://market.example/",
        "file:///etc/passwd",
        "/jwks",
        "https://user@market.example/",
        "https://user:password@market.example/",
        "https://",
        "gopher://market.example/",
        "market.example",
        "",
    ] {
        let refused = get(&client, uri).await;
        assert!(
            matches!(refused, Err(FetchProblem::Forbidden(_))),
            "{uri}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn attack_77_a_name_is_judged_by_the_addresses_it_is_reached_at() {
    let names: &[(&str, &[&str])] = &[
        ("inside.example", &["10.0.0.1"]),
        ("loop.example", &["127.0.0.1"]),
        ("metadata.example", &["169.254.169.254"]),
        ("mapped.example", &["::ffff:127.0.0.1"]),
        ("local6.example", &["fd00::1"]),
        ("mixed.example", &["8.8.8.8", "127.0.0.1"]),
    ];
    let client = client(&[], table(names));
    for (name, _) in names {
        let refused = get(&client, &format!("https://{name}/")).await;
        let expected = Err(FetchProblem::Forbidden("it is not public"));
        assert_eq!(refused.map(|_| ()), expected, "{name}");
    }
    let missing = get(&client, "https://missing.example/").await;
    assert!(
        matches!(missing, Err(FetchProblem::Failed(_))),
        "{missing:?}"
    );
}

#[tokio::test]
async fn attack_77_dns_rebinding_gains_nothing() {
    // Public when somebody looks first, own afterwards. What is connected to is what this very
    // look gave, and each connection has its own.
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    let lookup: Lookup = Arc::new(move |_| {
        let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        let found = if first { "8.8.8.8" } else { "127.0.0.1" };
        Box::pin(async move { Ok(vec![found.parse().expect("an address")]) })
    });
    let resolver = GuardedResolver::new(Arc::default(), Arc::clone(&lookup));
    let name = || "rebind.example".parse().expect("a name");
    let first: Vec<_> = resolver.resolve(name()).await.expect("public").collect();
    assert_eq!(first, ["8.8.8.8:0".parse().expect("an address")]);
    assert!(resolver.resolve(name()).await.is_err());

    let (address, visits) = server(answer("200 OK", "", b"secret")).await;
    let uri = format!("https://rebind.example:{}/", address.port());
    let refused = get(&client(&[], lookup), &uri).await;
    assert_eq!(
        refused.map(|_| ()),
        Err(FetchProblem::Forbidden("it is not public"))
    );
    assert_eq!(
        (looks.load(Ordering::SeqCst), visits.load(Ordering::SeqCst)),
        (3, 0)
    );
}

#[tokio::test]
async fn an_exempted_host_is_reached_also_without_tls() {
    let (address, visits) = server(answer("200 OK", "x-a: b\r\n", b"{}")).await;
    let port = address.port();
    let names: &[(&str, &[&str])] = &[("inside.example", &["127.0.0.1"])];
    let client = client(
        &["127.0.0.1", "inside.example", "market.localhost"],
        table(names),
    );
    for host in [
        "127.0.0.1",
        "inside.example",
        "Market.localhost",
        "2130706433",
    ] {
        let response = get(&client, &format!("http://{host}:{port}/jwks"))
            .await
            .expect(host);
        assert_eq!(response.status(), 200, "{host}");
        assert_eq!(response.headers()["x-a"], "b");
        assert_eq!(response.body(), b"{}");
    }
    assert_eq!(visits.load(Ordering::SeqCst), 4);
    let below = get(&client, &format!("http://a.market.localhost:{port}/")).await;
    assert!(
        matches!(below, Err(FetchProblem::Forbidden(_))),
        "{below:?}"
    );
}

#[tokio::test]
async fn attack_77_a_redirect_is_not_followed() {
    let (inside, visits) = server(answer("200 OK", "", b"secret")).await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        let location = format!("location: http://127.0.0.1:{}/\r\n", inside.port());
        let (outside, _) = server(answer(status, &location, b"")).await;
        let client = client(&["127.0.0.1"], table(&[]));
        let response = get(&client, &format!("http://{outside}/"))
            .await
            .expect("an answer");
        assert_eq!(response.status().as_str(), &status[..3]);
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_is_bounded_in_size_and_time() {
    let client = client(&["127.0.0.1"], table(&[]));
    for (length, fits) in [(MAX_BODY, true), (MAX_BODY + 1, false)] {
        let (address, _) = server(answer("200 OK", "", &vec![b'a'; length])).await;
        let got = get(&client, &format!("http://{address}/"))
            .await
            .map(|r| r.body().len());
        let expected = if fits {
            Ok(length)
        } else {
            Err(FetchProblem::TooLong)
        };
        assert_eq!(got, expected);
    }
    // Without a length, until the connection ends.
    let endless = [
        b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
        vec![b'a'; MAX_BODY * 2],
    ]
    .concat();
    let (address, _) = server(endless).await;
    let got = get(&client, &format!("http://{address}/"))
        .await
        .map(|_| ());
    assert_eq!(got, Err(FetchProblem::TooLong));

    let (silent, _) = server(Vec::new()).await;
    let got = get(&client, &format!("http://{silent}/")).await.map(|_| ());
    assert_eq!(got, Err(FetchProblem::Timeout));
    // The head promises more than comes.
    let (slow, _) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n".to_vec()).await;
    let got = get(&client, &format!("http://{slow}/")).await;
    assert!(got.is_err(), "{got:?}");
}

#[tokio::test]
async fn what_a_query_says_is_not_repeated_in_an_error() {
    let (address, _) = server(answer("200 OK", "", b"{}")).await;
    let client = client(&["127.0.0.1"], table(&[]));
    let got = get(&client, &format!("https://{address}/?token=secret")).await;
    let Err(FetchProblem::Failed(why)) = got else {
        panic!("no TLS is spoken there: {got:?}")
    };
    assert!(!why.contains("secret"), "{why}");
}

#[tokio::test]
async fn a_certificate_must_be_trusted_and_for_the_very_host() {
    let (pem, port) = tls_server("shop.example");
    let names: &[(&str, &[&str])] = &[
        ("shop.example", &["127.0.0.1"]),
        ("other.example", &["127.0.0.1"]),
    ];
    let client = |extra_ca| {
        let allowed = AllowedHosts::parse(["shop.example", "other.example"]).expect("hosts");
        let settings = FetchSettings { allowed, extra_ca };
        GuardedFetch::with_lookup(settings, table(names), TIMEOUT).expect("a client")
    };
    let shop = format!("https://shop.example:{port}/");
    let stranger = get(&client(None), &shop).await;
    assert!(
        matches!(stranger, Err(FetchProblem::Failed(_))),
        "{stranger:?}"
    );
    let trusting = client(Some(pem));
    assert_eq!(get(&trusting, &shop).await.expect("trusted").body(), b"{}");
    let other = get(&trusting, &format!("https://other.example:{port}/")).await;
    assert!(matches!(other, Err(FetchProblem::Failed(_))), "{other:?}");
}

#[test]
fn extra_certificates_must_be_certificates() {
    for pem in [
        &b""[..],
        b"no PEM",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let settings = FetchSettings {
            allowed: AllowedHosts::default(),
            extra_ca: Some(pem.to_vec()),
        };
        assert!(
            GuardedFetch::new(settings).is_err(),
            "{:?}",
            String::from_utf8_lossy(pem)
        );
    }
}

/// A TLS server with a certificate that it signed itself: the certificate, PEM, and the port.
fn tls_server(name: &str) -> (Vec<u8>, u16) {
    use openssl::ssl::{SslAcceptor, SslMethod};
    use std::io::{Read as _, Write as _};

    let (certificate, key) = self_signed(name).expect("a certificate");
    let mut tls = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).expect("TLS");
    tls.set_private_key(&key).expect("its key");
    tls.set_certificate(&certificate).expect("its certificate");
    let tls = tls.build();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that does not trust us ends the handshake; that is its right.
            let Ok(mut stream) = tls.accept(stream) else {
                continue;
            };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&answer("200 OK", "connection: close\r\n", b"{}"));
        }
    });
    (certificate.to_pem().expect("PEM"), port)
}

fn self_signed(
    name: &str,
) -> Result<
    (
        openssl::x509::X509,
        openssl::pkey::PKey<openssl::pkey::Private>,
    ),
    openssl::error::ErrorStack,
> {
    use openssl::asn1::Asn1Time;
    use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};

    let group = openssl::ec::EcGroup::from_curve_name(openssl::nid::Nid::X9_62_PRIME256V1)?;
    let key = openssl::pkey::PKey::from_ec_key(openssl::ec::EcKey::generate(&group)?)?;
    let mut subject = openssl::x509::X509NameBuilder::new()?;
    subject.append_entry_by_text("CN", name)?;
    let subject = subject.build();
    let mut certificate = openssl::x509::X509Builder::new()?;
    certificate.set_version(2)?;
    certificate.set_serial_number(&*openssl::bn::BigNum::from_u32(1)?.to_asn1_integer()?)?;
    certificate.set_subject_name(&subject)?;
    certificate.set_issuer_name(&subject)?;
    certificate.set_pubkey(&key)?;
    certificate.set_not_before(&*Asn1Time::days_from_now(0)?)?;
    certificate.set_not_after(&*Asn1Time::days_from_now(1)?)?;
    certificate.append_extension(BasicConstraints::new().ca().build()?)?;
    let names = SubjectAlternativeName::new()
        .dns(name)
        .build(&certificate.x509v3_context(None, None))?;
    certificate.append_extension(names)?;
    certificate.sign(&key, openssl::hash::MessageDigest::sha256())?;
    Ok((certificate.build(), key))
}
