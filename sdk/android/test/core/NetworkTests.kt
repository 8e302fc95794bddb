// The stream and the tokens against a server of their own, over real connections.
package portico.host

import com.sun.net.httpserver.HttpExchange
import com.sun.net.httpserver.HttpServer
import java.math.BigInteger
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.URLDecoder
import java.security.KeyPairGenerator
import java.security.MessageDigest
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.util.Base64
import java.util.concurrent.Executors
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/** A server that answers as the test says, and remembers what it was asked. */
private class TestServer : AutoCloseable {
    class Asked(val headers: Map<String, String>, val form: Map<String, String>)

    class Answer(val status: Int, val body: String, val headers: Map<String, String> = emptyMap(), val stays: Boolean = false)

    private val server = HttpServer.create(InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0)
    private val threads = Executors.newCachedThreadPool { Thread(it).apply { isDaemon = true } }
    val uri = "http://127.0.0.1:${server.address.port}"
    val asked = LinkedBlockingQueue<Asked>()
    private val answers = LinkedBlockingQueue<Answer>()

    init {
        server.executor = threads
        server.createContext("/") { exchange -> handle(exchange) }
        server.start()
    }

    fun answers(vararg next: Answer) {
        next.forEach(answers::add)
    }

    fun next(): Asked = asked.poll(5, TimeUnit.SECONDS) ?: error("nothing was asked")

    private fun handle(exchange: HttpExchange) {
        val body = exchange.requestBody.readBytes().toString(Charsets.UTF_8)
        val form = body.split('&').filter { '=' in it }.associate {
            val (name, value) = it.split('=', limit = 2)
            URLDecoder.decode(name, "UTF-8") to URLDecoder.decode(value, "UTF-8")
        }
        asked.add(Asked(exchange.requestHeaders.entries.associate { (name, values) -> name.lowercase() to values[0] }, form))
        val answer = answers.poll(5, TimeUnit.SECONDS) ?: Answer(500, "")
        answer.headers.forEach(exchange.responseHeaders::set)
        exchange.sendResponseHeaders(answer.status, 0)
        exchange.responseBody.write(answer.body.toByteArray())
        exchange.responseBody.flush()
        // A stream that stays open is cut with the server.
        if (!answer.stays) exchange.close()
    }

    override fun close() {
        server.stop(0)
        threads.shutdownNow()
    }
}

private class MemoryVault(var token: String?) : TokenVault {
    override fun read() = token

    override fun write(refreshToken: String) {
        token = refreshToken
    }

    override fun clear() {
        token = null
    }
}

private fun json(status: Int, vararg members: Pair<String, Any?>, nonce: String? = null) =
    TestServer.Answer(status, Json.write(mapOf(*members)), listOfNotNull(nonce?.let { "DPoP-Nonce" to it }).toMap())

private fun decoded(part: String) = Json.parseObject(String(Base64.getUrlDecoder().decode(part)))!!

private fun claims(proof: String) = decoded(proof.split('.')[1])

private val KEYS = KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }.generateKeyPair()
private val PUBLIC = KEYS.public as ECPublicKey
private val KEY = DpopKey(KEYS.private, PUBLIC)

fun networkTests(tests: Tests) {
    proofTests(tests)
    tokenTests(tests)
    readerTests(tests)
    streamTests(tests)
}

private fun proofTests(tests: Tests) {
    tests.test("a proof is signed by its key, over the method, the bare address, the nonce and the token") {
        // Many, since R and S are sometimes shorter.
        repeat(300) { round ->
            val parts = KEY.proof("GET", "https://id.example/events?x=1#y", "n", "token", "jti-$round", 5).split('.')
            val header = decoded(parts[0])
            same(header["typ"], "dpop+jwt")
            same(Json.asObject(header["jwk"])!!.keys, setOf("crv", "kty", "x", "y"))
            val ath = Base64.getUrlEncoder().withoutPadding().encodeToString(MessageDigest.getInstance("SHA-256").digest("token".toByteArray()))
            val should = mapOf("jti" to "jti-$round", "htm" to "GET", "htu" to "https://id.example/events", "iat" to 5.0, "nonce" to "n", "ath" to ath)
            same(decoded(parts[1]), should)
            val signature = Signature.getInstance("SHA256withECDSAinP1363Format")
            signature.initVerify(PUBLIC)
            signature.update("${parts[0]}.${parts[1]}".toByteArray())
            holds(signature.verify(Base64.getUrlDecoder().decode(parts[2])), "the signature is not of this key")
        }
    }
    tests.test("the thumbprint is that of RFC 7638, with coordinates of 32 bytes") {
        repeat(600) {
            val pair = KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }.generateKeyPair()
            val public = pair.public as ECPublicKey
            val (x, y) = listOf(public.w.affineX, public.w.affineY).map(::coordinate)
            val text = """{"crv":"P-256","kty":"EC","x":"$x","y":"$y"}"""
            val should = Base64.getUrlEncoder().withoutPadding().encodeToString(MessageDigest.getInstance("SHA-256").digest(text.toByteArray()))
            same(DpopKey(pair.private, public).thumbprint, should)
        }
    }
}

private fun coordinate(number: BigInteger): String {
    val hex = number.toString(16).padStart(64, '0')
    return Base64.getUrlEncoder().withoutPadding().encodeToString(hex.chunked(2).map { it.toInt(16).toByte() }.toByteArray())
}

private object NoStage : Stage {
    override val isAddressed = true

    override fun screen(program: Program) = error("no view is drawn here")

    override fun sheet(uri: String, interaction: String?, done: (String) -> Unit) = error("no sheet is drawn here")

    override fun forget(account: String) = Unit
}

private object NoStream : HostStream {
    override fun check() = Unit

    override fun pause() = Unit

    override fun close() = Unit
}

/** The tokens of a host, its server and its vault. */
private class TokenStory(refreshToken: String? = "r1") : AutoCloseable {
    val server = TestServer()
    val vault = MemoryVault(refreshToken)
    val world = TestWorld()
    var ended = 0
    val tokens = HostTokens("nova", "${server.uri}/token", "${server.uri}/revoke", KEY, vault, world) { 1_000 }.also { it.ended = { ended += 1 } }

    val calls = TokenCalls(tokens, "https://id.example", { "de" }) { it() }

    fun launch() = tokens.launch("market", "urn:ietf:params:oauth:token-type:access_token", mapOf("scope" to "openid"))

    override fun close() = server.close()
}

private fun tokenTests(tests: Tests) {
    val token = json(200, "access_token" to "a1", "expires_in" to 600)
    val launched = json(200, "access_token" to "t", "sid" to "s")
    tests.test("a launch refreshes first, and asks again with the server's nonce") {
        TokenStory().use { story ->
            story.server.answers(json(400, "error" to "use_dpop_nonce", nonce = "n1"), token, launched)
            same(story.launch()["sid"], "s")
            same(claims(story.server.next().headers.getValue("dpop"))["nonce"], null)
            same(claims(story.server.next().headers.getValue("dpop"))["nonce"], "n1")
            val form = story.server.next().form
            same(form["subject_token"], "a1")
            same(form["audience"], "market")
            same(form["scope"], "openid")
        }
    }
    tests.test("a call of a page cannot name another program or another token") {
        TokenStory().use { story ->
            story.server.answers(token, launched)
            story.tokens.launch("market", "t", mapOf("audience" to "bank", "client_id" to "bank", "subject_token" to "x", "grant_type" to "password"))
            story.server.next()
            val form = story.server.next().form
            same(listOf("audience", "client_id", "subject_token", "grant_type").map(form::get), listOf("market", "nova", "a1", "urn:ietf:params:oauth:grant-type:token-exchange"))
        }
    }
    tests.test("the host's token is renewed when four fifths of its time are over, and one that rotates is kept") {
        TokenStory().use { story ->
            story.server.answers(json(200, "access_token" to "a1", "expires_in" to 100, "refresh_token" to "r2"), launched, launched)
            story.launch()
            story.world.pass(79_000)
            story.launch()
            story.server.answers(json(200, "access_token" to "a2", "expires_in" to 100), launched)
            story.world.pass(1_000)
            story.launch()
            val forms = List(5) { story.server.next().form }
            same(forms.mapNotNull { it["refresh_token"] }, listOf("r1", "r2"))
            same(forms.mapNotNull { it["subject_token"] }, listOf("a1", "a1", "a2"))
        }
    }
    tests.test("an expired subject token is renewed once; one whose session has ended locks") {
        TokenStory().use { story ->
            story.server.answers(token, json(400, "error" to "invalid_request", "subject_token_state" to "expired"), token, launched)
            same(story.launch()["sid"], "s")
            story.server.answers(json(400, "error" to "invalid_request", "subject_token_state" to "ended"))
            same(runCatching { story.launch() }.exceptionOrNull()?.message, "locked")
            same(story.vault.token, null, "the refresh token")
            same(story.ended, 1, "how often the end is told")
        }
    }
    tests.test("a refused refresh ends; a network or a server that fails does not") {
        TokenStory().use { story ->
            story.server.answers(json(503, "error" to "temporarily_unavailable"))
            same(story.tokens.refresh(), Refreshed.UNAVAILABLE)
            same(story.vault.token, "r1")
            story.server.answers(json(400, "error" to "invalid_grant"))
            same(story.tokens.refresh(), Refreshed.ENDED)
            same(story.vault.token, null, "the refresh token")
            same(story.ended, 1, "how often the end is told")
        }
        val gone = TokenStory()
        gone.close()
        same(gone.tokens.refresh(), Refreshed.UNAVAILABLE)
        same((runCatching { gone.launch() }.exceptionOrNull() as Refusal).error, "temporarily_unavailable")
        same(gone.vault.token, "r1")
    }
    tests.test("what is undecided comes with the address of its sheet") {
        TokenStory().use { story ->
            story.server.answers(token, json(400, "error" to "consent_required", "interaction" to "i", "interaction_uri" to "https://id.example/s"))
            val refusal = runCatching { story.launch() }.exceptionOrNull() as Refusal
            same(listOf(refusal.error, refusal.interaction, refusal.interactionUri), listOf("consent_required", "i", "https://id.example/s"))
        }
    }
    tests.test("what programs ask is exchanged: only named members of a call go into it, and only named ones come back") {
        TokenStory().use { story ->
            val host = Host("ada", story.calls, NoStage, story.world, emptyMap(), "en") { NoStream }
            fun ask(method: String, methods: List<String>, params: Map<String, Any?>): Map<String, Any?> {
                val launch = Launch("market", "https://market.example/", listOf("https://market.example"), methods = methods)
                return story.calls.answer(Program(launch, host, true), method, params)
            }
            story.server.answers(token, json(200, "access_token" to "c1", "token_type" to "N_A", "scope" to "openid", "sid" to "s"))
            val params = mapOf("nonce" to "n", "code_challenge" to "c", "state" to "x", "audience" to "bank", "scope" to 7.0, "prompt" to "none")
            same(ask("login", listOf("login"), params), mapOf("code" to "c1", "iss" to "https://id.example", "state" to "x", "scope" to "openid", "sid" to "s"))
            story.server.next()
            val login = story.server.next().form
            same(login["requested_token_type"], "urn:portico:params:oauth:token-type:launch-code")
            same(listOf("audience", "nonce", "code_challenge", "code_challenge_method", "scope", "prompt", "ui_locales").map(login::get), listOf("market", "n", "c", "S256", null, null, "de"))
            story.server.answers(json(200, "access_token" to "t", "token_type" to "DPoP", "expires_in" to 600, "scope" to "openid", "sid" to "s", "entry_uri" to "x"))
            same(ask("token", listOf("token"), mapOf("dpop_jkt" to "k")).keys, setOf("access_token", "token_type", "expires_in", "scope", "sid"))
            same(story.server.next().form["dpop_jkt"], "k")
        }
    }
    tests.test("more is asked for with the launch type that the program has, by a code that nobody can redeem") {
        for ((method, type) in listOf("login" to "urn:portico:params:oauth:token-type:launch-code", "token" to "urn:ietf:params:oauth:token-type:access_token")) {
            TokenStory().use { story ->
                val host = Host("ada", story.calls, NoStage, story.world, emptyMap(), "en") { NoStream }
                val launch = Launch("market", "https://market.example/", listOf("https://market.example"), methods = listOf(method, "request"))
                story.server.answers(token, json(200, "access_token" to "secret", "scope" to "openid phone", "sid" to "s"))
                same(story.calls.answer(Program(launch, host, true), "request", mapOf("scope" to "phone")), mapOf("scope" to "openid phone", "sid" to "s"))
                story.server.next()
                val form = story.server.next().form
                same(listOf(form["requested_token_type"], form["scope"], form["prompt"]), listOf(type, "openid phone", "consent"))
            }
        }
    }
    tests.test("a program's logout ends the session, and the host hears of it before the network does") {
        TokenStory().use { story ->
            story.server.answers(json(200))
            val host = Host("ada", story.calls, NoStage, story.world, emptyMap(), "en") { NoStream }
            val launch = Launch("market", "https://market.example/", listOf("https://market.example"))
            story.calls.answer(Program(launch, host, true), "logout", emptyMap())
            same(listOf(story.vault.token, story.ended), listOf(null, 1))
        }
    }
    tests.test("signing out gives the refresh token back, and forgets it without a network too") {
        TokenStory().use { story ->
            story.server.answers(json(200))
            story.tokens.signOut()
            same(story.server.next().form["token"], "r1")
            same(story.vault.token, null)
        }
        val gone = TokenStory()
        gone.close()
        holds(runCatching { gone.tokens.signOut() }.isFailure, "nobody hears that it failed")
        same(gone.vault.token, null)
    }
}

private fun readerTests(tests: Tests) {
    val text = ": hello\r\n\r\nevent: ready\r\nid: 1\r\ndata: {\"at\":1}\r\n\r\nid: 2\n\nretry: 1500\revent:x\rdata: a\rdata:b\r\r"
    val should = listOf("ready {\"at\":1} 1", "null null 2", "x a\nb null")
    fun shown(events: List<StreamEvent>) = events.map { "${it.name} ${it.data} ${it.id}" }
    tests.test("events are read whatever the ends of lines, and however the bytes are cut") {
        for (cut in 1..text.length) {
            val reader = EventReader()
            same(shown(text.chunked(cut).flatMap(reader::read)), should, "cut every $cut characters, it")
            same(reader.retryMs, 1500L)
        }
    }
    tests.test("an event that is cut off is none, and a line without end is not kept") {
        same(EventReader().read("event: ready\ndata: {}").size, 0)
        holds(runCatching { EventReader().read("x".repeat(70_000)) }.isFailure, "a line of 70,000 characters is kept")
        holds(runCatching { EventReader().apply { repeat(70_000) { read("data: x\n") } } }.isFailure, "an event of 70,000 lines is kept")
    }
}

private class StreamStory : AutoCloseable, Credentials {
    val server = TestServer()
    val heard = LinkedBlockingQueue<String>()
    val nonces = ArrayList<String>()
    var refreshed = Refreshed.RENEWED
    var refreshes = 0
    val stream by lazy { SessionStream("${server.uri}/events", this, TestWorld()) { name, data -> heard.add("$name ${data["reason"] ?: ""}".trim()) } }

    fun next(): String = heard.poll(8, TimeUnit.SECONDS) ?: "nothing"

    override fun headers(method: String, uri: String) = mapOf("Authorization" to "DPoP t$refreshes", "DPoP" to (nonces.lastOrNull() ?: "none"))

    override fun heardNonce(nonce: String) {
        nonces.add(nonce)
    }

    override fun refresh(): Refreshed {
        refreshes += 1
        return refreshed
    }

    override fun close() {
        stream.close()
        server.close()
    }
}

private fun streamTests(tests: Tests) {
    fun events(text: String, stays: Boolean = false) = TestServer.Answer(200, text, mapOf("Content-Type" to "text/event-stream"), stays)
    tests.test("a stream that is cut goes on where it was, and a closing event is its end") {
        StreamStory().use { story ->
            story.server.answers(events("retry: 1\n\nevent: ready\nid: p1\ndata: {}\n\n"), events("event: session_ended\ndata: {\"reason\":\"logout\"}\n\n"))
            story.stream
            same(listOf(story.next(), story.next()), listOf("ready", "session_ended logout"))
            same(story.server.next().headers["last-event-id"], null)
            same(story.server.next().headers["last-event-id"], "p1")
            same(story.server.asked.poll(300, TimeUnit.MILLISECONDS), null, "what is asked after the end")
        }
    }
    tests.test("the end of one program is not the end of the stream") {
        StreamStory().use { story ->
            story.server.answers(events("event: session_ended\ndata: {\"client_id\":\"market\",\"reason\":\"left\"}\n\nevent: ready\ndata: {}\n\n", stays = true))
            story.stream
            same(listOf(story.next(), story.next()), listOf("session_ended left", "ready"))
        }
    }
    tests.test("a token that is over is renewed and the stream comes back; a nonce is taken without a refresh") {
        StreamStory().use { story ->
            val nonce = TestServer.Answer(401, "", mapOf("WWW-Authenticate" to "DPoP error=\"use_dpop_nonce\"", "DPoP-Nonce" to "n1"))
            story.server.answers(nonce, events("event: token_expired\ndata: {}\n\n"), TestServer.Answer(401, "", mapOf("WWW-Authenticate" to "DPoP")), events("event: ready\ndata: {}\n\n", stays = true))
            story.stream
            same(story.next(), "ready")
            same(List(4) { story.server.next().headers["dpop"] }, listOf("none", "n1", "n1", "n1"))
            same(story.refreshes, 2)
        }
    }
    tests.test("a fresh token that is refused, too, is not renewed over and over") {
        StreamStory().use { story ->
            repeat(50) { story.server.answers(TestServer.Answer(401, "")) }
            story.stream
            repeat(2) { story.server.next() }
            same(story.server.asked.poll(700, TimeUnit.MILLISECONDS), null, "what is asked at once after the fresh token was refused")
        }
    }
    tests.test("a refused refresh is the end; one that could not be asked is none") {
        StreamStory().use { story ->
            story.refreshed = Refreshed.ENDED
            story.server.answers(TestServer.Answer(401, ""))
            story.stream
            same(story.next(), "session_ended logout")
        }
        StreamStory().use { story ->
            story.refreshed = Refreshed.UNAVAILABLE
            story.server.answers(TestServer.Answer(401, ""), events("event: ready\ndata: {}\n\n", stays = true))
            story.stream
            same(story.next(), "ready")
        }
    }
    tests.test("what a connection still says after another one was asked for is not heard") {
        StreamStory().use { story ->
            story.server.answers(events("event: ready\ndata: {}\n\n", stays = true), events("event: session_expired\ndata: {}\n\n"))
            story.stream
            same(story.next(), "ready")
            story.stream.check()
            same(story.next(), "session_expired")
            story.server.answers(events("event: ready\ndata: {}\n\n", stays = true))
            story.stream.check()
            same(story.next(), "ready")
            story.stream.pause()
            same(story.heard.poll(200, TimeUnit.MILLISECONDS), null)
        }
    }
    tests.test("a server that has no room is not asked again before its time") {
        StreamStory().use { story ->
            story.server.answers(TestServer.Answer(503, "", mapOf("Retry-After" to "1")), events("event: ready\ndata: {}\n\n", stays = true))
            val began = System.nanoTime()
            story.stream
            same(story.next(), "ready")
            holds(System.nanoTime() - began > 900_000_000, "it was asked again at once")
        }
    }
}
