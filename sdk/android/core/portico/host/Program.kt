// One program that is open: its binding, whether it is covered, locked, in front.
package portico.host

import java.net.URLDecoder
import java.net.URLEncoder

/** What the host knows of a program, from `mini_programs_endpoint` or the answer of an exchange. */
class Launch(
    val clientId: String,
    val entryUri: String,
    val origins: List<String>,
    val clientName: String = "",
    /** From its last launch in this session; null where there was none, and its page begins anew. */
    val sid: String? = null,
    val entry: Entry = Entry(),
    /** The program that opened this one, as the host knows it. Never what a page says of itself. */
    val from: String? = null,
    /** `token` for programs without a backend. */
    val methods: List<String> = listOf("login", "request", "context", "logout"),
    /** For a program that knows only redirects: it signs in silently by the first load of its view. */
    val ticket: WebTicket? = null,
) {
    init {
        // What a program may be opened with is http(s): never a file, never a script.
        require(originOf(entryUri) in origins && origins.all { originOf(it) == it }) { "entry_uri and origins do not fit" }
    }

    /** Whether its view may go there: to the program's own pages, and through Portico where it signs in by redirects. */
    fun allows(uri: String): Boolean {
        val origin = originOf(uri) ?: return false
        return origin in origins || (ticket != null && origin == originOf(ticket.endpoint))
    }
}

/** A ticket of an exchange, with the host's own verifier, and where it is handed in (`web_ticket_endpoint`). */
class WebTicket(val endpoint: String, private val ticket: String, private val codeVerifier: String) {
    init {
        require(originOf(endpoint) != null) { "no address" }
    }

    /** What is posted, as a form. */
    val form: ByteArray get() = "ticket=${encode(ticket)}&code_verifier=${encode(codeVerifier)}".toByteArray()

    private fun encode(text: String) = URLEncoder.encode(text, "UTF-8")
}

/**
 * Where to begin: of a deep link a program gets the path and the parameters, and nothing else. They go to the
 * page over the bridge; the address that is loaded is always the registered one.
 */
class Entry(val path: String = "/", val params: Map<String, String> = emptyMap()) {
    init {
        // Whatever follows, it stays a path: `//evil.example` and its disguises are addresses.
        require(PATH.matches(path)) { "no path" }
    }

    companion object {
        /**
         * The entry of a claimed https link such as `https://nova.example/open/CLIENT_ID/orders?id=7`: what stands
         * after the client's id, and its query. The fragment and everything else of the link is left behind.
         */
        fun ofLink(rest: String): Entry {
            val (path, query) = rest.substringBefore('#').let { it.substringBefore('?') to it.substringAfter('?', "") }
            val params = query.split('&').filter { it.isNotEmpty() }.associate {
                decode(it.substringBefore('=')) to decode(it.substringAfter('=', ""))
            }
            return Entry(path.ifEmpty { "/" }, params)
        }

        private fun decode(text: String) = URLDecoder.decode(text, "UTF-8")

        private val PATH = Regex("/(?![/\\\\])[^\\t\\n\\r\\\\]*")
    }
}

/** The origin of an http or https address as browsers write it, or null. */
fun originOf(uri: String): String? {
    val parts = ORIGIN.find(uri) ?: return null
    val (scheme, host, port) = parts.destructured
    if (scheme == "http" && host !in LOOPBACK) return null
    val isDefault = port.isEmpty() || port == (if (scheme == "https") "443" else "80")
    return "$scheme://${host}${if (isDefault) "" else ":$port"}"
}

private val ORIGIN = Regex("^(https?)://([a-z0-9.-]+|\\[[0-9a-f:.]+])(?::([0-9]{1,5}))?(?=[/?#]|$)")
private val LOOPBACK = listOf("localhost", "127.0.0.1", "[::1]")

/** What is drawn of one program. The phone's own part; Android's is `ProgramView`. */
interface Screen {
    /** `hidden`: nothing of the page is seen or touched, and `reason` says why. `inert`: seen, not touched. */
    fun paint(hidden: Boolean, inert: Boolean, reason: String?)

    /** In front of all others, or out of sight. */
    fun show(front: Boolean)

    /** Goes one step back inside of the page, if there is one. */
    fun goBack(): Boolean

    fun destroy()
}

class Program internal constructor(val launch: Launch, private val host: Host, addressed: Boolean) {
    val clientId get() = launch.clientId

    /** Why it is locked; null while it is not. */
    var lockedBecause: String? = null
        private set
    internal var isCovered = false
    private lateinit var screen: Screen
    // Where the frame that speaks is not known, a frame inside of the page could raise the sheet and sign out.
    private val methods = if (addressed) launch.methods else launch.methods - listOf("request", "logout")
    private val binding = Binding(
        launch.clientId, launch.origins, methods, launch.sid,
        locked = false, context = context(), addressed = addressed, world = host.world, called = ::called,
    )

    internal fun appear(on: Screen) {
        screen = on
        paint()
    }

    /** Judges what arrived in this program's view. */
    fun receive(sender: Sender, text: String) {
        host.tick()
        binding.receive(sender, text)
    }

    /** Its document is gone (the renderer ended, another one is being loaded by the app). */
    fun retire() = binding.retire()

    fun show() = host.show(this)

    fun close() = host.close(this)

    internal fun context(): Map<String, Any?> =
        host.context + mapOf("path" to launch.entry.path, "params" to launch.entry.params, "from" to launch.from)

    internal fun paint() = screen.paint(lockedBecause != null || isCovered, host.isSheetUp, lockedBecause)

    /** Drawn first, then told: the lock does not wait for the page. */
    internal fun lock(reason: String) {
        if (lockedBecause != null) return
        lockedBecause = reason
        paint()
        binding.lock(reason)
    }

    internal fun unlock(sid: String) {
        lockedBecause = null
        isCovered = false
        binding.unlock(sid)
        paint()
    }

    internal fun contextChanged() = binding.context(context())

    internal fun event(name: String, data: Map<String, Any?> = emptyMap()) = binding.event(name, data)

    internal fun bringForward(front: Boolean) {
        screen.show(front)
        event(if (front) "shown" else "hidden")
    }

    internal fun goBack() = lockedBecause == null && !isCovered && screen.goBack()

    internal fun end() {
        binding.retire()
        screen.destroy()
    }

    private fun called(call: Call) {
        if (call.method == "context") call.answer(context()) else ask(call, again = true)
    }

    private fun ask(call: Call, again: Boolean) {
        val asked = Call(
            call.method,
            call.params,
            answered = { result ->
                // The stay is between the host and the page's own session; it comes with the next welcome.
                (result["sid"] as? String)?.let { sid -> host.world.onMain { binding.at(sid) } }
                call.answer(result - "sid")
            },
            refused = { failure -> host.world.onMain { refused(call, failure, again) } },
        )
        call.onAbort(asked::abort)
        if (call.isAborted) return
        try {
            host.app.call(this, asked)
        } catch (failure: Exception) {
            asked.fail(failure)
        }
    }

    private fun refused(call: Call, failure: Throwable, again: Boolean) {
        val uri = (failure as? Refusal)?.interactionUri
        if (!again || call.isAborted || uri == null || failure.error != "consent_required") return call.fail(failure)
        // Nobody answers for a program that they do not see.
        if (host.inFront !== this) return call.fail(Refusal("interaction_required"))
        val isShown = host.sheet(uri, failure.interaction) { result ->
            if (result in DECIDED) ask(call, again = false) else call.fail(Refusal("access_denied"))
        }
        if (!isShown) call.fail(Refusal(Refusal.UNAVAILABLE))
    }

    private companion object {
        val DECIDED = listOf("allowed", "partial", "denied")
    }
}
