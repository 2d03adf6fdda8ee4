// Draws the OpenAPI document that the page names. Nothing is loaded from elsewhere, and a token that is typed in is forgotten with the page.
const viewer = document.querySelector('#viewer');
globalThis.SwaggerUIBundle({
  domNode: viewer,
  url: viewer.dataset.document,
  validatorUrl: null,
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: -1,
  syntaxHighlight: { activated: false },
});
