//! A certificate for a server that speaks TLS itself, and the authority that vouches for it: made
//! anew for each world, and trusted by nobody but its own clients.

use std::path::PathBuf;

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
};
use openssl::x509::{X509, X509Builder, X509Name};
use portico::config::TlsSettings;
use tempfile::TempDir;

/// Files of a certificate and its key, and the authority to trust.
pub(crate) struct Certificate {
    folder: TempDir,
    authority: Vec<u8>,
}

impl Certificate {
    /// One for `localhost`.
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let made = Made::new().expect("OpenSSL makes certificates");
        std::fs::write(folder.path().join("server.pem"), made.server).expect("our own folder");
        std::fs::write(folder.path().join("server.key"), made.key).expect("our own folder");
        Self {
            folder,
            authority: made.authority,
        }
    }

    /// Where the server finds it.
    pub(crate) fn files(&self) -> TlsSettings {
        let file = |name: &str| -> PathBuf { self.folder.path().join(name) };
        TlsSettings {
            cert: file("server.pem"),
            key: file("server.key"),
        }
    }

    /// Where another server finds whom to trust.
    pub(crate) fn authority_file(&self) -> PathBuf {
        let file = self.folder.path().join("authority.pem");
        std::fs::write(&file, &self.authority).expect("our own folder");
        file
    }

    /// Whom a client trusts.
    pub(super) fn authority(&self) -> reqwest::Certificate {
        reqwest::Certificate::from_pem(&self.authority).expect("PEM")
    }
}

/// The PEM of the authority, of the server's certificate and of its key.
struct Made {
    authority: Vec<u8>,
    server: Vec<u8>,
    key: Vec<u8>,
}

impl Made {
    fn new() -> Result<Self, ErrorStack> {
        let (authority_key, server_key) = (new_key()?, new_key()?);
        let authority_name = named("Portico test authority")?;

        let mut authority = begun(&authority_name, &authority_name, &authority_key)?;
        authority.append_extension(BasicConstraints::new().critical().ca().build()?)?;
        authority.append_extension(KeyUsage::new().critical().key_cert_sign().build()?)?;
        authority.sign(&authority_key, MessageDigest::sha256())?;
        let authority = authority.build();

        let mut server = begun(&named("localhost")?, &authority_name, &server_key)?;
        let context = server.x509v3_context(Some(&authority), None);
        let names = SubjectAlternativeName::new()
            .dns("localhost")
            .build(&context)?;
        server.append_extension(names)?;
        server.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
        server.sign(&authority_key, MessageDigest::sha256())?;

        Ok(Self {
            authority: authority.to_pem()?,
            server: server.build().to_pem()?,
            key: server_key.private_key_to_pem_pkcs8()?,
        })
    }
}

fn new_key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

fn named(name: &str) -> Result<X509Name, ErrorStack> {
    let mut builder = X509Name::builder()?;
    builder.append_entry_by_nid(Nid::COMMONNAME, name)?;
    Ok(builder.build())
}

/// What every certificate says, without a signature.
fn begun(
    subject: &X509Name,
    issuer: &X509Name,
    key: &PKey<Private>,
) -> Result<X509Builder, ErrorStack> {
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    serial.rand(120, MsbOption::MAYBE_ZERO, false)?;
    let serial = serial.to_asn1_integer()?;
    builder.set_serial_number(&serial)?;
    builder.set_subject_name(subject)?;
    builder.set_issuer_name(issuer)?;
    builder.set_pubkey(key)?;
    let (from, until) = (Asn1Time::days_from_now(0)?, Asn1Time::days_from_now(1)?);
    builder.set_not_before(&from)?;
    builder.set_not_after(&until)?;
    Ok(builder)
}
