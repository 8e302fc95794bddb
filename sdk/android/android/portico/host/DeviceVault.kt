// What is left of a host after its process ended: the key of its tokens, which never leaves the Keystore, and the
// refresh token, sealed with a second key there. One of each for an account.
package portico.host

import android.content.Context
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import java.security.GeneralSecurityException
import java.security.KeyPairGenerator
import java.security.KeyStore
import java.security.PrivateKey
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.util.Base64
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

class DeviceVault(context: Context, private val account: String) : TokenVault {
    private val kept = context.getSharedPreferences("portico", Context.MODE_PRIVATE)
    private val keys = KeyStore.getInstance(STORE).apply { load(null) }
    private val signAlias = "portico-dpop-$account"
    private val sealAlias = "portico-seal-$account"

    /** The account's DPoP key: made when it is asked for first, the same one from then on. */
    fun key(): DpopKey {
        if (!keys.containsAlias(signAlias)) {
            val generator = KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, STORE)
            val purpose = KeyGenParameterSpec.Builder(signAlias, KeyProperties.PURPOSE_SIGN)
            generator.initialize(
                purpose.setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1")).setDigests(KeyProperties.DIGEST_SHA256).build(),
            )
            generator.generateKeyPair()
        }
        return DpopKey(keys.getKey(signAlias, null) as PrivateKey, keys.getCertificate(signAlias).publicKey as ECPublicKey)
    }

    /** Null too where it cannot be opened: a copy of the preferences on another phone is worth nothing. */
    override fun read(): String? {
        val (iv, sealed) = kept.getString(account, null)?.split('.')?.takeIf { it.size == 2 } ?: return null
        return try {
            val cipher = Cipher.getInstance(CIPHER)
            cipher.init(Cipher.DECRYPT_MODE, sealKey(), GCMParameterSpec(128, decode(iv)))
            String(cipher.doFinal(decode(sealed)), Charsets.UTF_8)
        } catch (_: GeneralSecurityException) {
            null
        } catch (_: IllegalArgumentException) {
            null
        }
    }

    override fun write(refreshToken: String) {
        val cipher = Cipher.getInstance(CIPHER)
        cipher.init(Cipher.ENCRYPT_MODE, sealKey())
        val text = "${encode(cipher.iv)}.${encode(cipher.doFinal(refreshToken.toByteArray()))}"
        // At once: the process may end before `apply` is done, and the former token is worth nothing by then.
        kept.edit().putString(account, text).commit()
    }

    /** The session is over. The keys stay, for this person's next one. */
    override fun clear() {
        kept.edit().remove(account).commit()
    }

    /** The account leaves this phone. */
    fun erase() {
        clear()
        for (alias in listOf(signAlias, sealAlias)) if (keys.containsAlias(alias)) keys.deleteEntry(alias)
    }

    private fun sealKey(): SecretKey {
        (keys.getKey(sealAlias, null) as? SecretKey)?.let { return it }
        val generator = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, STORE)
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        generator.init(
            KeyGenParameterSpec.Builder(sealAlias, purposes)
                .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
                .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
                .build(),
        )
        return generator.generateKey()
    }

    private fun encode(bytes: ByteArray): String = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes)

    private fun decode(text: String): ByteArray = Base64.getUrlDecoder().decode(text)

    private companion object {
        const val STORE = "AndroidKeyStore"
        const val CIPHER = "AES/GCM/NoPadding"
    }
}
