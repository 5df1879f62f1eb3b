//! A strict mail server: it checks the order of what is said, takes mail in memory, and misbehaves on demand.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

/// What a server does.
#[derive(Clone, Default)]
pub struct Behaviour {
    /// TLS from the first byte.
    pub implicit: bool,
    /// Offers no STARTTLS.
    pub no_starttls: bool,
    /// Says this in the clear, in one piece with its answer to STARTTLS.
    pub injected: &'static str,
    /// Offers these mechanisms.
    pub mechanisms: &'static str,
    /// Takes this login, and no mail without it.
    pub login: Option<(&'static str, &'static str)>,
    /// Answers to recipients that begin so, instead of taking them.
    pub refused: &'static [(&'static str, &'static str)],
    /// The answer to a whole mail; it is lost without a word where this is `lost`.
    pub verdict: Option<&'static str>,
    /// Waits before it greets.
    pub slow: Option<Duration>,
    /// Greets with so many bytes.
    pub talkative: usize,
}

/// A mail that was taken.
#[derive(Clone, Debug, Default)]
pub struct ReceivedMail {
    /// Between angle brackets.
    pub from: String,
    /// Between angle brackets.
    pub to: Vec<String>,
    /// As it came, without the dots that transport adds.
    pub text: String,
    /// Whether it came within TLS.
    pub protected: bool,
}

/// A server that runs until it is dropped.
pub struct MailServer {
    /// `localhost:PORT`.
    pub address: String,
    /// Its certificate (PEM).
    pub certificate: String,
    taken: Arc<Mutex<Vec<ReceivedMail>>>,
    said: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl MailServer {
    /// Starts a server.
    pub async fn start(behaviour: Behaviour) -> Result<Self> {
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".into()])?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key)?;
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = format!("localhost:{}", listener.local_addr()?.port());
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (taken, said): (Arc<Mutex<Vec<ReceivedMail>>>, Arc<Mutex<Vec<String>>>) = Default::default();
        let (keep, hear) = (Arc::clone(&taken), Arc::clone(&said));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let one = Session { behaviour: behaviour.clone(), taken: Arc::clone(&keep), said: Arc::clone(&hear) };
                let acceptor = acceptor.clone();
                tokio::spawn(async move { one.run(stream, acceptor).await });
            }
        });
        Ok(Self { address, certificate: certified.cert.pem(), taken, said, task })
    }

    /// What was taken so far.
    pub fn taken(&self) -> Vec<ReceivedMail> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every line that clients said.
    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Session {
    behaviour: Behaviour,
    taken: Arc<Mutex<Vec<ReceivedMail>>>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Session {
    async fn run(self, stream: TcpStream, acceptor: TlsAcceptor) -> Result<()> {
        if let Some(slow) = self.behaviour.slow {
            tokio::time::sleep(slow).await;
        }
        if self.behaviour.implicit {
            let mut stream = BufReader::new(acceptor.accept(stream).await?);
            self.greet(&mut stream).await?;
            return self.talk(&mut stream, true).await.map(drop);
        }
        let mut stream = BufReader::new(stream);
        self.greet(&mut stream).await?;
        if self.talk(&mut stream, false).await? {
            ensure!(stream.buffer().is_empty(), "the client spoke before TLS");
            let mut stream = BufReader::new(acceptor.accept(stream.into_inner()).await?);
            self.talk(&mut stream, true).await?;
        }
        Ok(())
    }

    async fn greet<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut BufReader<S>) -> Result<()> {
        let mut left = self.behaviour.talkative;
        while left > 0 {
            stream.get_mut().write_all(&[b'x'; 1024]).await?;
            left = left.saturating_sub(1024);
        }
        say(stream, "220 mail.test ESMTP").await
    }

    /// Talks until the client leaves; true when it wants TLS now.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        protected: bool,
    ) -> Result<bool> {
        let (mut greeted, mut proven) = (false, self.behaviour.login.is_none());
        let mut mail = ReceivedMail { protected, ..ReceivedMail::default() };
        while let Some(line) = self.hear(stream).await? {
            let word = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            match word.as_str() {
                "EHLO" => {
                    ensure!(line.contains('['), "a client without a name calls itself by its address: {line}");
                    greeted = true;
                    let mut offers = vec!["mail.test".to_string(), "SIZE 1000000".into()];
                    offers.extend((!protected && !self.behaviour.no_starttls).then(|| "STARTTLS".into()));
                    let mechanisms = self.behaviour.mechanisms;
                    offers.extend((protected && !mechanisms.is_empty()).then(|| format!("AUTH {mechanisms}")));
                    let last = offers.len() - 1;
                    for (i, offer) in offers.iter().enumerate() {
                        say(stream, &format!("250{}{offer}", if i == last { ' ' } else { '-' })).await?;
                    }
                }
                "STARTTLS" if greeted && !protected => {
                    let injected = self.behaviour.injected;
                    stream.get_mut().write_all(format!("220 go ahead\r\n{injected}").as_bytes()).await?;
                    return Ok(true);
                }
                "AUTH" if greeted && protected => proven = self.auth(stream, &line).await?,
                "MAIL" if !proven => say(stream, "530 5.7.0 Authentication required").await?,
                "MAIL" if greeted => {
                    mail.from = address(&line)?;
                    say(stream, "250 ok").await?;
                }
                "RCPT" if !mail.from.is_empty() => {
                    let to = address(&line)?;
                    let refused = self.behaviour.refused.iter().find(|(begin, _)| to.starts_with(begin));
                    if refused.is_none() {
                        mail.to.push(to);
                    }
                    say(stream, refused.map_or("250 ok", |(_, answer)| answer)).await?;
                }
                "DATA" if !mail.to.is_empty() => {
                    say(stream, "354 go on").await?;
                    mail.text = self.data(stream).await?;
                    match self.behaviour.verdict {
                        Some("lost") => return Ok(false),
                        Some(verdict) => say(stream, verdict).await?,
                        None => {
                            let taken = std::mem::take(&mut mail);
                            self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(taken);
                            say(stream, "250 queued").await?;
                        }
                    }
                }
                "QUIT" => {
                    say(stream, "221 bye").await?;
                    return Ok(false);
                }
                _ => say(stream, "503 bad sequence of commands").await?,
            }
        }
        Ok(false)
    }

    async fn hear<S: AsyncRead + Unpin>(&self, stream: &mut BufReader<S>) -> Result<Option<String>> {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8(line).context("a client says ASCII")?;
        let Some(line) = line.strip_suffix("\r\n") else { bail!("a line ends with CR LF: {line:?}") };
        ensure!(line.is_ascii() && !line.contains('\r') && line.len() <= 998, "no line of SMTP: {line:?}");
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_string());
        Ok(Some(line.to_string()))
    }

    async fn data<S: AsyncRead + Unpin>(&self, stream: &mut BufReader<S>) -> Result<String> {
        let mut text = String::new();
        loop {
            let line = self.hear(stream).await?.context("the mail does not end")?;
            if line == "." {
                return Ok(text);
            }
            text.push_str(line.strip_prefix('.').unwrap_or(&line));
            text.push('\n');
        }
    }

    async fn auth<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut BufReader<S>, line: &str) -> Result<bool> {
        let words: Vec<&str> = line.split(' ').collect();
        let given = match words.as_slice() {
            [_, "PLAIN", given] => decode(given)?,
            [_, "LOGIN", ..] => {
                say(stream, "334 VXNlcm5hbWU6").await?;
                let name = decode(&self.hear(stream).await?.context("no name")?)?;
                say(stream, "334 UGFzc3dvcmQ6").await?;
                format!("\0{name}\0{}", decode(&self.hear(stream).await?.context("no password")?)?)
            }
            other => bail!("an unknown mechanism: {other:?}"),
        };
        let right = self.behaviour.login.is_some_and(|(name, password)| given == format!("\0{name}\0{password}"));
        // Some servers repeat what they were told.
        let wrong = format!("535 5.7.8 wrong: {line}");
        say(stream, if right { "235 welcome" } else { &wrong }).await?;
        Ok(right)
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, line: &str) -> Result<()> {
    Ok(stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await?)
}

fn address(line: &str) -> Result<String> {
    let (_, rest) = line.split_once('<').context("an address stands in angle brackets")?;
    Ok(rest.split_once('>').context("an address stands in angle brackets")?.0.to_string())
}

fn decode(text: &str) -> Result<String> {
    use base64::Engine as _;
    Ok(String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text)?)?)
}
