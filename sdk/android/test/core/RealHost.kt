// A host without a phone, for tests/clients/journeys/android_kit.mjs: the kit's own host, tokens and stream against
// a started Portico. It is told what to do, and tells what happened, by lines of JSON.
package portico.host

import java.security.KeyPairGenerator
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit

/** One thread is the main thread. */
private object RealWorld : World {
    private val main = Executors.newSingleThreadScheduledExecutor { Thread(it, "main thread").apply { isDaemon = true } }

    override fun now() = System.nanoTime() / 1_000_000

    override fun later(ms: Long, action: () -> Unit): () -> Unit {
        val timer = main.schedule(action, ms, TimeUnit.MILLISECONDS)
        return { timer.cancel(false) }
    }

    override fun onMain(action: () -> Unit) {
        if (Thread.currentThread().name == "main thread") action() else main.execute(action)
    }
}

private object KeptInMemory : TokenVault {
    @Volatile
    private var token: String? = null

    override fun read() = token

    override fun write(refreshToken: String) {
        token = refreshToken
    }

    override fun clear() {
        token = null
    }
}

@Synchronized
private fun tell(vararg members: Pair<String, Any?>) {
    println(Json.write(mapOf(*members)))
    System.out.flush()
}

private class ToldScreen : Screen {
    override fun paint(hidden: Boolean, inert: Boolean, reason: String?) = tell("tells" to "paint", "hidden" to hidden, "inert" to inert, "reason" to reason)

    override fun show(front: Boolean) = Unit

    override fun goBack() = false

    override fun destroy() = tell("tells" to "destroyed")
}

private class RealHost(private val where: Map<String, Any?>) : Stage {
    private val keys = KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }.generateKeyPair()
    private val key = DpopKey(keys.private, keys.public as ECPublicKey)
    private val tokens = HostTokens(text("client_id"), text("token_endpoint"), text("revocation_endpoint"), key, KeptInMemory, RealWorld)
    private val background = Executors.newCachedThreadPool { Thread(it).apply { isDaemon = true } }
    private val calls = object : TokenCalls(tokens, text("issuer"), { "en" }, { background.execute(it) }) {
        override fun heard(name: String, data: Map<String, Any?>) = tell("tells" to "heard", "name" to name)
    }
    private val host by lazy {
        Host("ada", calls, this, RealWorld, mapOf("color_scheme" to "light"), "en") {
            SessionStream(text("session_events_endpoint"), tokens, RealWorld, it)
        }
    }
    private var endSheet: (String) -> Unit = {}

    override val isAddressed = true

    private fun text(name: String) = where[name] as String

    override fun screen(program: Program) = ToldScreen()

    override fun sheet(uri: String, interaction: String?, done: (String) -> Unit): () -> Unit {
        endSheet = done
        tell("tells" to "sheet", "uri" to uri)
        return { tell("tells" to "sheet is away") }
    }

    override fun forget(account: String) = Unit

    fun does(what: Map<String, Any?>) {
        fun of(name: String) = what[name] as String
        when (what["do"]) {
            "thumbprint" -> tell("tells" to "thumbprint", "thumbprint" to key.thumbprint)
            "redeem" -> {
                tokens.redeem(of("code"), of("code_verifier"), of("redirect_uri"))
                RealWorld.onMain { host.wake() }
            }
            "open" -> RealWorld.onMain { host.open(Launch(of("client_id"), of("entry_uri"), listOf(originOf(of("entry_uri"))!!))) }
            "page says" -> RealWorld.onMain {
                val program = host.programs.single()
                program.receive(Sender(true, true, program.launch.origins[0]) { tell("tells" to "page", "text" to it) }, of("text"))
            }
            "sheet" -> RealWorld.onMain { endSheet(of("result")) }
            else -> error("what is $what?")
        }
    }
}

fun main() {
    var host: RealHost? = null
    for (line in generateSequence(::readlnOrNull)) {
        val what = Json.parseObject(line) ?: error("no JSON: $line")
        host?.does(what) ?: RealHost(what).also { host = it }
    }
}
