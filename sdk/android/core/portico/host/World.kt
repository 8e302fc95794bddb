// What the kit needs of the phone besides views: time, the main thread, chance.
package portico.host

import java.security.SecureRandom
import java.util.Base64

interface World {
    /** Milliseconds of a clock that only goes forward, also while the phone sleeps. */
    fun now(): Long

    /** Does it on the main thread after that time, if the phone is awake; what comes back takes it back. */
    fun later(ms: Long, action: () -> Unit): () -> Unit

    /** Does it on the main thread: at once if this is it. */
    fun onMain(action: () -> Unit)

    /** 144 bits of chance, 24 characters of base64url. */
    fun nonce(): String = Base64.getUrlEncoder().encodeToString(ByteArray(18).also(RANDOM::nextBytes))

    private companion object {
        val RANDOM = SecureRandom()
    }
}

/**
 * What a program's call is refused with. The page sees `error` and `description`, and nothing else: the address
 * of the sheet never reaches it.
 */
class Refusal(
    val error: String,
    val description: String? = null,
    val interactionUri: String? = null,
    val interaction: String? = null,
) : Exception(error) {
    companion object {
        const val UNAVAILABLE = "temporarily_unavailable"
        private val ERROR = Regex("[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,64}")

        /** What the page may know of it: anything but a refusal is `server_error` without a word. */
        fun of(failure: Throwable): Refusal =
            if (failure is Refusal && ERROR.matches(failure.error)) failure else Refusal("server_error")
    }
}

/** One call of a page. It is answered once, from any thread; what comes later or after an abort goes nowhere. */
class Call(
    val method: String,
    val params: Map<String, Any?>,
    private val answered: (Map<String, Any?>) -> Unit,
    private val refused: (Throwable) -> Unit,
) {
    private val listeners = ArrayList<() -> Unit>()
    private var settled = false

    var isAborted = false
        private set

    fun answer(result: Map<String, Any?>) = once { answered(result) }

    fun fail(failure: Throwable) = once { refused(failure) }

    /** Calls back when nobody waits for the answer any more. */
    @Synchronized
    fun onAbort(listener: () -> Unit) {
        if (isAborted) listener() else listeners.add(listener)
    }

    internal fun abort() {
        val told = synchronized(this) {
            if (isAborted) return
            isAborted = true
            listeners.toList()
        }
        told.forEach { it() }
    }

    private fun once(action: () -> Unit) {
        synchronized(this) {
            if (settled) return
            settled = true
        }
        action()
    }
}
