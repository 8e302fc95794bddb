// Tells the page in whose frame a consent sheet stood what came of it (templates/oauth/web_message.html).
// Its link does the same without scripts, and where there is no such page.
const { interaction, result, origin } = document.getElementById("web-message").dataset;
if (parent !== window) parent.postMessage({ portico: 1, type: "interaction", interaction, result }, origin);
