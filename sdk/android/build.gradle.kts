// The kit as a module of an app's own Gradle build (`include(":portico")`). scripts/android-kit compiles the same
// files without Gradle.
plugins {
    id("com.android.library")
    id("org.jetbrains.kotlin.android")
}

android {
    namespace = "portico.host"
    compileSdk = 35
    defaultConfig.minSdk = 26
    sourceSets["main"].apply {
        kotlin.srcDirs("core", "android")
        manifest.srcFile("AndroidManifest.xml")
    }
    kotlinOptions.jvmTarget = "17"
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

dependencies {
    implementation("androidx.webkit:webkit:1.12.1")
}
