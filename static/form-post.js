// Sends the form of templates/oauth/form_post.html on. Its button does the same without scripts.
// From the prototype: a parameter called "submit" would hide the form's own method.
HTMLFormElement.prototype.submit.call(document.getElementById("form-post"));
