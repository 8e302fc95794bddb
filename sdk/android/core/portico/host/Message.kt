// The messages of a page: their forms and their size. docs/bridge.md says what they mean.
package portico.host

/** A message of a page that has one of the three forms. */
internal sealed class Message {
    abstract val pageNonce: String

    data class Hello(override val pageNonce: String, val clientId: String) : Message()

    data class Call(
        override val pageNonce: String,
        val hostNonce: String,
        val id: Long,
        val method: String,
        val params: Map<String, Any?>,
        val timeoutMs: Long?,
    ) : Message()

    data class Cancel(override val pageNonce: String, val hostNonce: String, val id: Long) : Message()

    companion object {
        const val MAX_BYTES = 65536
        private const val MAX_SAFE_INTEGER = 9007199254740991.0
        private val NONCE = Regex("[A-Za-z0-9_-]{22,64}")
        private val NAME = Regex("[a-z][a-z0-9_]{0,63}")

        /** Whether the text has as many bytes of UTF-8 as a message may have. */
        fun fits(text: String): Boolean = text.length <= MAX_BYTES && utf8Length(text) <= MAX_BYTES

        private fun utf8Length(text: String): Int {
            var bytes = 0
            var at = 0
            while (at < text.length) {
                val point = text.codePointAt(at)
                at += Character.charCount(point)
                bytes += if (point < 0x80) 1 else if (point < 0x800) 2 else if (point < 0x10000) 3 else 4
            }
            return bytes
        }

        /** A message of a page, or null: it is too long, no JSON, or has another form. */
        fun parse(text: String): Message? {
            if (!fits(text)) return null
            val members = Json.parseObject(text) ?: return null
            if (members["portico"] != 1.0) return null
            val pageNonce = nonce(members["page_nonce"]) ?: return null
            return when (members["type"]) {
                "hello" -> (members["client_id"] as? String)?.let { Hello(pageNonce, it) }
                "call" -> call(members, pageNonce)
                "cancel" -> Cancel(pageNonce, nonce(members["host_nonce"]) ?: return null, id(members["id"]) ?: return null)
                else -> null
            }
        }

        private fun call(members: Map<String, Any?>, pageNonce: String): Call? {
            val hostNonce = nonce(members["host_nonce"]) ?: return null
            val id = id(members["id"]) ?: return null
            val method = (members["method"] as? String)?.takeIf(NAME::matches) ?: return null
            val params = if ("params" in members) Json.asObject(members["params"]) ?: return null else emptyMap()
            val timeoutMs = if ("timeout_ms" in members) id(members["timeout_ms"]) ?: return null else null
            return Call(pageNonce, hostNonce, id, method, params, timeoutMs)
        }

        private fun nonce(value: Any?): String? = (value as? String)?.takeIf(NONCE::matches)

        private fun id(value: Any?): Long? =
            (value as? Double)?.takeIf { it > 0 && it <= MAX_SAFE_INTEGER && it % 1.0 == 0.0 }?.toLong()
    }
}
