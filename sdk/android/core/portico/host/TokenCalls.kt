// What programs ask, answered by exchanges of the host's own tokens. An app with a backend of its own that
// launches answers `HostApp.call` itself.
package portico.host

import java.io.IOException

/**
 * `background` does something on a thread of the app's; `locale` is the language of the sheet. An exchange says
 * what the person allowed; anything undecided raises the sheet.
 */
open class TokenCalls(
    private val tokens: HostTokens,
    private val issuer: String,
    private val locale: () -> String,
    private val background: (() -> Unit) -> Unit,
) : HostApp {
    override fun call(program: Program, call: Call) = background {
        try {
            call.answer(answer(program, call.method, call.params))
        } catch (_: IOException) {
            call.fail(Refusal(Refusal.UNAVAILABLE))
        } catch (failure: Exception) {
            call.fail(failure)
        }
    }

    /** @throws Refusal @throws IOException */
    fun answer(program: Program, method: String, params: Map<String, Any?>): Map<String, Any?> =
        when (method) {
            "login" -> login(program, params)
            "token" -> exchange(program, TOKEN, texts(params, "scope", "dpop_jkt")).filterKeys(TOKEN_MEMBERS::contains)
            "request" -> request(program, params)
            "logout" -> emptyMap<String, Any?>().also { tokens.signOut() }
            else -> throw Refusal("unsupported_method")
        }

    private fun login(program: Program, params: Map<String, Any?>): Map<String, Any?> {
        val answer = exchange(program, CODE, texts(params, "nonce", "code_challenge", "scope", "dpop_jkt") + S256)
        return mapOf(
            "code" to answer["access_token"], "iss" to issuer, "state" to params["state"],
            "scope" to answer["scope"], "sid" to answer["sid"],
        )
    }

    /** The person tapped for it: what they put off is asked again. What comes of the exchange besides is not used. */
    private fun request(program: Program, params: Map<String, Any?>): Map<String, Any?> {
        val scope = params["scope"] as? String ?: throw Refusal("invalid_request", "scope is missing")
        val asked = mapOf("scope" to "openid $scope", "prompt" to "consent")
        val answer = if ("login" in program.launch.methods) {
            val nobodys = mapOf("nonce" to tokens.nobodysSecret(), "code_challenge" to tokens.nobodysSecret())
            exchange(program, CODE, asked + nobodys + S256)
        } else {
            exchange(program, TOKEN, asked)
        }
        return answer.filterKeys(listOf("scope", "sid")::contains)
    }

    private fun exchange(program: Program, type: String, params: Map<String, String>) =
        tokens.launch(program.clientId, type, params + ("ui_locales" to locale()))

    /** Only what is named goes from a page into an exchange, and only texts. */
    private fun texts(params: Map<String, Any?>, vararg names: String): Map<String, String> =
        names.mapNotNull { name -> (params[name] as? String)?.let { name to it } }.toMap()

    private companion object {
        const val CODE = "urn:portico:params:oauth:token-type:launch-code"
        const val TOKEN = "urn:ietf:params:oauth:token-type:access_token"
        val TOKEN_MEMBERS = listOf("access_token", "token_type", "expires_in", "scope", "sid")
        val S256 = mapOf("code_challenge_method" to "S256")
    }
}
