// The judging core of the bridge: what one instance (a WebView) of one client may say and hears. It is the
// `bind` of static/bridge/host.js in Kotlin, held to sdk/vectors/host.json, and knows nothing of a WebView.
//
// It is used on the main thread alone.
package portico.host

/** Who sent a text: all three must be right, for each message. `reply` reaches the sender's document. */
class Sender(val instance: Boolean, val mainFrame: Boolean, val origin: String, val reply: (String) -> Unit)

/**
 * The right to call is the instance's, the client's, the sender's origin's and the main frame's together,
 * for each message. `addressed` says whether a reply reaches the document that asked and no other.
 */
class Binding(
    private val clientId: String,
    private val origins: List<String>,
    private val methods: List<String>,
    private var sid: String?,
    private var locked: Boolean,
    private var context: Map<String, Any?>,
    private val addressed: Boolean,
    private val world: World,
    private val called: (Call) -> Unit,
) {
    private class Running(val id: Long, val answer: (Map<String, Any?>) -> Unit) {
        lateinit var call: Call
        var stopTimer: () -> Unit = {}
    }

    private val seen = LinkedHashSet<String>()
    private val pending = LinkedHashSet<Running>()
    private var pageNonce: String? = null
    private var hostNonce: String? = null
    private var lastId = 0L
    private var reply: (String) -> Unit = {}

    /** Judges a text that somebody sent. */
    fun receive(sender: Sender, text: String) {
        if (!sender.instance || !sender.mainFrame) return
        val message = Message.parse(text) ?: return
        val refused = sender.origin !in origins
        when (message) {
            is Message.Hello -> hello(sender, message, refused)
            is Message.Cancel ->
                if (!refused && isOfDocument(message.pageNonce, message.hostNonce)) {
                    pending.filter { it.id == message.id }.forEach { end(it, null) }
                }
            is Message.Call -> {
                if (refused || !isOfDocument(message.pageNonce, message.hostNonce) || message.id <= lastId) return
                lastId = message.id
                run(message)
            }
        }
    }

    /** Forgets the document: whoever comes next in this instance gets nothing that it asked for. */
    fun retire() {
        for (running in pending.toList()) end(running, null)
        pageNonce = null
    }

    fun event(name: String, data: Map<String, Any?> = emptyMap()) = tell("type" to "event", "name" to name, "data" to data)

    /** Which stay the exchange said it is: the next document is welcomed to it. */
    fun at(now: String) {
        sid = now
    }

    fun lock(reason: String) {
        if (locked) return
        locked = true
        for (running in pending.toList()) end(running, mapOf("error" to "locked"))
        event("session_expired", mapOf("reason" to reason))
    }

    /** The same person is signed in again, with what the program's `sid` is now. */
    fun unlock(now: String?) {
        sid = now
        locked = false
        welcome()
        event("unlocked")
    }

    fun context(now: Map<String, Any?>) {
        context = now
        event("context_changed", context)
    }

    private fun isOfDocument(page: String, host: String) = page == pageNonce && host == hostNonce

    private fun say(to: (String) -> Unit, vararg members: Pair<String, Any?>) = to(Json.write(mapOf("portico" to 1, *members)))

    private fun tell(vararg members: Pair<String, Any?>) {
        if (pageNonce != null) say(reply, "page_nonce" to pageNonce, "host_nonce" to hostNonce, *members)
    }

    private fun welcome() {
        hostNonce = world.nonce()
        tell(
            "type" to "welcome", "client_id" to clientId, "sid" to sid, "methods" to methods,
            "locked" to locked, "context" to context,
        )
    }

    private fun hello(sender: Sender, message: Message.Hello, refused: Boolean) {
        // The document is another one, wherever it came from: what the former one asked for is void.
        if (refused) retire()
        if (refused || message.clientId != clientId) {
            say(sender.reply, "type" to "refused", "page_nonce" to message.pageNonce, "error" to "origin_not_allowed")
            return
        }
        if (!seen.add(message.pageNonce)) return
        if (seen.size > MAX_DOCUMENTS) seen.remove(seen.first())
        retire()
        pageNonce = message.pageNonce
        reply = sender.reply
        lastId = 0
        welcome()
    }

    private fun refusal(method: String, params: Map<String, Any?>): String? =
        when {
            locked -> "locked"
            method !in methods -> "unsupported_method"
            // What answers cannot be addressed to the document that asked must be useless to any other.
            !addressed && method == "token" && !isGiven(params["dpop_jkt"]) -> "unsupported_method"
            !addressed && method == "login" && !isGiven(params["code_challenge"]) -> "invalid_request"
            pending.size >= MAX_CALLS -> Refusal.UNAVAILABLE
            else -> null
        }

    private fun isGiven(value: Any?) = value is String && value.isNotEmpty()

    private fun run(message: Message.Call) {
        val to = reply
        val from = arrayOf("type" to "result", "page_nonce" to pageNonce, "host_nonce" to hostNonce, "id" to message.id)
        val answer = { how: Map<String, Any?> -> say(to, *from, *how.toList().toTypedArray()) }
        refusal(message.method, message.params)?.let { return answer(mapOf("error" to it)) }
        val running = Running(message.id, answer)
        running.call = Call(
            message.method,
            message.params,
            answered = { result -> world.onMain { end(running, resultOf(result)) } },
            refused = { failure -> world.onMain { end(running, errorOf(failure)) } },
        )
        val late = { end(running, mapOf("error" to Refusal.UNAVAILABLE)) }
        running.stopTimer = world.later(minOf(message.timeoutMs ?: MAX_MS, MAX_MS), late)
        pending.add(running)
        try {
            called(running.call)
        } catch (failure: Exception) {
            running.call.fail(failure)
        }
    }

    private fun resultOf(result: Map<String, Any?>): Map<String, Any?> {
        // What stands around it is shorter than a kilobyte.
        val fits = try {
            Message.fits(Json.write(result) + " ".repeat(1000))
        } catch (_: IllegalArgumentException) {
            false
        }
        return if (fits) mapOf("result" to result) else mapOf("error" to "server_error")
    }

    private fun errorOf(failure: Throwable): Map<String, Any?> {
        val refusal = Refusal.of(failure)
        val description = refusal.description?.take(500)
        return listOfNotNull("error" to refusal.error, description?.let { "error_description" to it }).toMap()
    }

    // By itself, not by its id: a new document counts from 1 again.
    private fun end(running: Running, how: Map<String, Any?>?) {
        if (!pending.remove(running)) return
        running.stopTimer()
        running.call.abort()
        if (how != null) running.answer(how)
    }

    private companion object {
        const val MAX_MS = 300_000L
        const val MAX_CALLS = 32
        const val MAX_DOCUMENTS = 256
    }
}
