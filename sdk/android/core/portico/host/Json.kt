// JSON, strictly (RFC 8259): what a page sends is judged by the same rules on every phone. Android's own
// org.json takes much that is no JSON, and is not there in a test without a phone.
//
// Objects are maps in the order of their members, arrays lists, numbers doubles as in JavaScript.
package portico.host

/** A text that is no JSON. */
class NoJson(message: String) : Exception(message)

object Json {
    // What JavaScript's engines and Apple's allow differs; nobody needs as much.
    private const val MAX_DEPTH = 512

    /** @throws NoJson if it is anything else, or something stands after it. */
    fun parse(text: String): Any? = Reader(text).whole()

    /** Parses, where anything but an object is none. */
    fun parseObject(text: String): Map<String, Any?>? =
        try {
            asObject(parse(text))
        } catch (_: NoJson) {
            null
        }

    @Suppress("UNCHECKED_CAST")
    fun asObject(value: Any?): Map<String, Any?>? = value as? Map<String, Any?>

    fun write(value: Any?): String = StringBuilder().also { write(value, it) }.toString()

    private fun write(value: Any?, to: StringBuilder) {
        when (value) {
            null -> to.append("null")
            is String -> writeText(value, to)
            is Boolean -> to.append(value)
            is Number -> to.append(writeNumber(value.toDouble()))
            is Map<*, *> -> {
                to.append('{')
                value.entries.forEachIndexed { index, (name, item) ->
                    if (index > 0) to.append(',')
                    writeText(name.toString(), to)
                    to.append(':')
                    write(item, to)
                }
                to.append('}')
            }
            is Iterable<*> -> {
                to.append('[')
                value.forEachIndexed { index, item ->
                    if (index > 0) to.append(',')
                    write(item, to)
                }
                to.append(']')
            }
            else -> throw IllegalArgumentException("a ${value.javaClass.name} has no JSON")
        }
    }

    private fun writeNumber(number: Double): String =
        when {
            number.isNaN() || number.isInfinite() -> "null"
            number % 1.0 == 0.0 && Math.abs(number) < 1e15 -> number.toLong().toString()
            else -> number.toString()
        }

    private fun writeText(text: String, to: StringBuilder) {
        to.append('"')
        for (char in text) {
            when {
                char == '"' || char == '\\' -> to.append('\\').append(char)
                // A text is also put into a script, where the last two would end a line.
                char < ' ' || char == '\u2028' || char == '\u2029' -> to.append(String.format("\\u%04x", char.code))
                else -> to.append(char)
            }
        }
        to.append('"')
    }

    private class Reader(private val text: String) {
        private var at = 0

        fun whole(): Any? {
            val value = value(0)
            space()
            if (at < text.length) fail("something stands after it")
            return value
        }

        private fun fail(why: String): Nothing = throw NoJson("$why, at character $at")

        private fun peek(): Char = if (at < text.length) text[at] else '\u0000'

        private fun space() {
            while (at < text.length && text[at] in " \t\n\r") at += 1
        }

        private fun takes(char: Char): Boolean = (at < text.length && text[at] == char).also { if (it) at += 1 }

        private fun need(char: Char) {
            if (!takes(char)) fail("'$char' is missing")
        }

        private fun value(depth: Int): Any? {
            if (depth > MAX_DEPTH) fail("it is nested too deep")
            space()
            return when (peek()) {
                '{' -> members(depth)
                '[' -> items(depth)
                '"' -> string()
                't' -> word("true", true)
                'f' -> word("false", false)
                'n' -> word("null", null)
                else -> number()
            }
        }

        private fun word(word: String, value: Any?): Any? {
            if (!text.startsWith(word, at)) fail("no value")
            at += word.length
            return value
        }

        private fun members(depth: Int): Map<String, Any?> {
            val members = LinkedHashMap<String, Any?>()
            need('{')
            space()
            if (takes('}')) return members
            do {
                space()
                val name = string()
                space()
                need(':')
                members[name] = value(depth + 1)
                space()
            } while (takes(','))
            need('}')
            return members
        }

        private fun items(depth: Int): List<Any?> {
            val items = ArrayList<Any?>()
            need('[')
            space()
            if (takes(']')) return items
            do {
                items.add(value(depth + 1))
                space()
            } while (takes(','))
            need(']')
            return items
        }

        private fun string(): String {
            need('"')
            val out = StringBuilder()
            while (at < text.length) {
                val char = text[at]
                at += 1
                when {
                    char == '"' -> return out.toString()
                    char == '\\' -> out.append(escaped())
                    char < ' ' -> fail("a control character in a text")
                    else -> out.append(char)
                }
            }
            fail("a text does not end")
        }

        private fun escaped(): Char {
            val char = peek()
            at += 1
            return when (char) {
                '"', '\\', '/' -> char
                'b' -> '\b'
                'f' -> '\u000c'
                'n' -> '\n'
                'r' -> '\r'
                't' -> '\t'
                'u' -> {
                    val digits = text.substring(at, minOf(at + 4, text.length))
                    if (!HEX.matches(digits)) fail("no character")
                    at += 4
                    digits.toInt(16).toChar()
                }
                else -> fail("no escape")
            }
        }

        private fun number(): Double {
            val start = at
            while (at < text.length && text[at] in "+-.0123456789eE") at += 1
            val digits = text.substring(start, at)
            if (!NUMBER.matches(digits)) fail("no value")
            return digits.toDouble()
        }
    }

    private val HEX = Regex("[0-9a-fA-F]{4}")
    private val NUMBER = Regex("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")
}
