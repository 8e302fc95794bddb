//! TLS 1.2 and 1.3 by OpenSSL, with a certificate that is read again when its files change.
//!
//! The listener's own context never changes; each handshake takes the latest one, so that nobody
//! who is connected notices a renewal.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use foundation::digest::sha256_of_parts;
use foundation::fault::Fault;
use foundation::regular_file;
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{
    AlpnError, ClientHelloResponse, SslAcceptor, SslAcceptorBuilder, SslContext, SslMethod,
    SslMode, SslOptions, SslVersion, select_next_proto,
};
use openssl::x509::X509;
use tokio::sync::Notify;

use crate::config::TlsSettings;

/// The most bytes of such a file: longer than the longest chain.
const MAX_FILE: u64 = 1024 * 1024;
/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// Forward secrecy and authenticated encryption only (RFC 9325 §4.2); those of TLS 1.3 are all such.
const TLS_1_2_CIPHERS: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
                               ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
                               ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
/// HTTP/1.1, as ALPN spells it (RFC 7301 §3.1).
const HTTP_1_1: &[u8] = b"\x08http/1.1";

/// A certificate that follows its files.
pub(super) struct Reloading {
    tls: TlsSettings,
    files: Files,
    latest: Arc<RwLock<SslContext>>,
    /// The digest of files that could not be used, so that this is logged once.
    broken: Option<[u8; 32]>,
}

/// What was read.
struct Files {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl Files {
    fn read(tls: &TlsSettings) -> Result<Self, Fault> {
        let read = |path: &Path| {
            regular_file::read(path, MAX_FILE)
                .map_err(|e| Fault::unusable(format!("the file {}", path.display()), e))
        };
        Ok(Self {
            cert: read(&tls.cert)?,
            key: read(&tls.key)?,
        })
    }

    fn digest(&self) -> [u8; 32] {
        sha256_of_parts(&[&self.cert, &self.key])
    }

    /// A server's context of this certificate and key, which must belong together.
    fn builder(&self) -> Result<SslAcceptorBuilder, ErrorStack> {
        let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
        builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
        builder.set_cipher_list(TLS_1_2_CIPHERS)?;
        builder.set_options(SslOptions::NO_RENEGOTIATION);
        // A connection that waits keeps no buffers.
        builder.set_mode(SslMode::RELEASE_BUFFERS);
        builder.set_alpn_select_callback(|_, offered| {
            select_next_proto(HTTP_1_1, offered).ok_or(AlpnError::NOACK)
        });
        let mut chain = X509::stack_from_pem(&self.cert)?.into_iter();
        let Some(leaf) = chain.next() else {
            return Err(ErrorStack::get());
        };
        builder.set_certificate(&leaf)?;
        for authority in chain {
            builder.add_extra_chain_cert(authority)?;
        }
        let key = PKey::private_key_from_pem(&self.key)?;
        builder.set_private_key(&key)?;
        builder.check_private_key()?;
        Ok(builder)
    }
}

impl Reloading {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// They cannot be read, are no PEM, or do not belong together.
    pub(super) fn open(tls: &TlsSettings) -> Result<Self, Fault> {
        let files = Files::read(tls)?;
        let context = files
            .builder()
            .map_err(|e| unusable(tls, e))?
            .build()
            .into_context();
        Ok(Self {
            tls: tls.clone(),
            files,
            latest: Arc::new(RwLock::new(context)),
            broken: None,
        })
    }

    /// For the listener: each handshake is moved to the latest context.
    pub(super) fn acceptor(&self) -> Result<SslAcceptor, Fault> {
        let mut builder = self.files.builder().map_err(|e| unusable(&self.tls, e))?;
        let latest = Arc::clone(&self.latest);
        builder.set_client_hello_callback(move |ssl, _| {
            ssl.set_ssl_context(&latest.read().unwrap_or_else(PoisonError::into_inner))?;
            Ok(ClientHelloResponse::SUCCESS)
        });
        Ok(builder.build())
    }

    /// Follows the files, and looks at once when it is asked to.
    pub(super) async fn watch(mut self, look_again: Arc<Notify>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = look_again.notified() => {}
            }
            self.look();
        }
    }

    /// Takes what the files hold now, if it is new and good; else the old certificate stays.
    fn look(&mut self) {
        let files = match Files::read(&self.tls) {
            Ok(files) => files,
            // In the middle of a renewal a file may be away for a moment.
            Err(fault) => return self.keep([0; 32], &fault),
        };
        let digest = files.digest();
        if digest == self.files.digest() {
            self.broken = None;
            return;
        }
        match files.builder() {
            Ok(builder) => {
                let context = builder.build().into_context();
                *self.latest.write().unwrap_or_else(PoisonError::into_inner) = context;
                self.files = files;
                self.broken = None;
                tracing::info!(file = %self.tls.cert.display(), "the new certificate is used from now on");
            }
            Err(error) => {
                let fault = unusable(&self.tls, error);
                self.keep(digest, &fault);
            }
        }
    }

    fn keep(&mut self, digest: [u8; 32], fault: &Fault) {
        if self.broken != Some(digest) {
            tracing::error!(fault = fault.chain(), "the old certificate stays in use");
            self.broken = Some(digest);
        }
    }
}

fn unusable(tls: &TlsSettings, error: ErrorStack) -> Fault {
    let what = format!(
        "the certificate in {} with the key in {} (both must be PEM, and belong together)",
        tls.cert.display(),
        tls.key.display()
    );
    Fault::unusable(what, error)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use openssl::asn1::Asn1Time;
    use openssl::bn::BigNum;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::hash::MessageDigest;
    use openssl::nid::Nid;
    use openssl::ssl::{SslConnector, SslVerifyMode};
    use openssl::x509::X509Name;

    use super::*;

    /// A certificate that signs itself, and its key.
    fn made(name: &str) -> (Vec<u8>, Vec<u8>) {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("P-256");
        let key = PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key");
        let mut subject = X509Name::builder().expect("a name");
        subject
            .append_entry_by_nid(Nid::COMMONNAME, name)
            .expect("a name");
        let subject = subject.build();
        let mut cert = X509::builder().expect("a certificate");
        cert.set_version(2).expect("v3");
        let serial = BigNum::from_u32(1)
            .and_then(|n| n.to_asn1_integer())
            .expect("a number");
        cert.set_serial_number(&serial).expect("a number");
        cert.set_subject_name(&subject).expect("a name");
        cert.set_issuer_name(&subject).expect("a name");
        cert.set_pubkey(&key).expect("a key");
        cert.set_not_before(&Asn1Time::days_from_now(0).expect("a time"))
            .expect("a time");
        cert.set_not_after(&Asn1Time::days_from_now(1).expect("a time"))
            .expect("a time");
        cert.sign(&key, MessageDigest::sha256())
            .expect("a signature");
        let pem = cert.build().to_pem().expect("PEM");
        (pem, key.private_key_to_pem_pkcs8().expect("PEM"))
    }

    struct World {
        _folder: tempfile::TempDir,
        tls: TlsSettings,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let tls = TlsSettings {
                cert: folder.path().join("c.pem"),
                key: folder.path().join("k.pem"),
            };
            Self {
                _folder: folder,
                tls,
            }
        }

        fn write(&self, (cert, key): &(Vec<u8>, Vec<u8>)) {
            std::fs::write(&self.tls.cert, cert).expect("our own folder");
            std::fs::write(&self.tls.key, key).expect("our own folder");
        }
    }

    /// The name in the certificate that a client is shown, if the two agree on a version.
    fn shown(acceptor: &SslAcceptor, most: SslVersion) -> Option<String> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let acceptor = acceptor.clone();
        let server = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a client");
            acceptor.accept(stream).is_ok()
        });
        let mut connector = SslConnector::builder(SslMethod::tls_client()).expect("a client");
        connector.set_verify(SslVerifyMode::NONE);
        connector
            .set_min_proto_version(Some(SslVersion::TLS1))
            .expect("a version");
        connector
            .set_max_proto_version(Some(most))
            .expect("a version");
        connector
            .set_cipher_list("ALL:@SECLEVEL=0")
            .expect("ciphers");
        let stream = TcpStream::connect(address).expect("the server");
        let connected = connector.build().connect("127.0.0.1", stream);
        let name = connected.ok().and_then(|stream| {
            let cert = stream.ssl().peer_certificate()?;
            let entry = cert
                .subject_name()
                .entries()
                .next()?
                .data()
                .to_string()
                .ok()?;
            Some(entry)
        });
        assert_eq!(server.join().expect("no panic"), name.is_some());
        name
    }

    #[test]
    fn a_renewed_certificate_is_shown_and_a_broken_one_is_not() {
        let world = World::new();
        let (first, second) = (made("first"), made("second"));
        world.write(&first);
        let mut reloading = Reloading::open(&world.tls).expect("good files");
        let acceptor = reloading.acceptor().expect("good files");
        let newest = |reloading: &mut Reloading| {
            reloading.look();
            shown(&acceptor, SslVersion::TLS1_3)
        };
        assert_eq!(newest(&mut reloading).as_deref(), Some("first"));
        world.write(&second);
        assert_eq!(newest(&mut reloading).as_deref(), Some("second"));
        for broken in [
            (first.0.clone(), second.1.clone()),
            (b"no PEM".to_vec(), second.1.clone()),
        ] {
            world.write(&broken);
            assert_eq!(newest(&mut reloading).as_deref(), Some("second"));
        }
        std::fs::remove_file(&world.tls.key).expect("our own file");
        assert_eq!(newest(&mut reloading).as_deref(), Some("second"));
        world.write(&first);
        assert_eq!(newest(&mut reloading).as_deref(), Some("first"));
    }

    #[test]
    fn old_versions_of_the_protocol_are_refused() {
        let world = World::new();
        world.write(&made("portico"));
        let acceptor = Reloading::open(&world.tls)
            .and_then(|r| r.acceptor())
            .expect("good files");
        assert!(shown(&acceptor, SslVersion::TLS1_3).is_some());
        assert!(shown(&acceptor, SslVersion::TLS1_2).is_some());
        assert_eq!(shown(&acceptor, SslVersion::TLS1_1), None);
        assert_eq!(shown(&acceptor, SslVersion::TLS1), None);
    }

    #[test]
    fn a_pipe_in_the_place_of_a_file_holds_nothing_up() {
        let world = World::new();
        world.write(&made("first"));
        let mut reloading = Reloading::open(&world.tls).expect("good files");
        std::fs::remove_file(&world.tls.cert).expect("our own file");
        let made = std::process::Command::new("mkfifo")
            .arg(&world.tls.cert)
            .status();
        assert!(made.expect("mkfifo").success());
        let (done, waits) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            reloading.look();
            let said = Reloading::open(&reloading.tls).err().map(|f| f.chain());
            let shown = shown(
                &reloading.acceptor().expect("the old files"),
                SslVersion::TLS1_3,
            );
            done.send((said, shown)).expect("it is waited for");
        });
        let (said, shown) = waits
            .recv_timeout(Duration::from_secs(20))
            .expect("it does not wait for somebody to write");
        assert_eq!(shown.as_deref(), Some("first"));
        assert!(said.is_some_and(|s| s.contains("not a regular file")));
    }

    #[test]
    fn files_that_cannot_be_used_are_named_at_the_start() {
        let world = World::new();
        assert!(
            Reloading::open(&world.tls)
                .err()
                .expect("no files")
                .chain()
                .contains("c.pem")
        );
        world.write(&(made("a").0, made("b").1));
        let said = Reloading::open(&world.tls)
            .err()
            .expect("strangers")
            .chain();
        assert!(said.contains("belong together"), "{said}");
    }
}
