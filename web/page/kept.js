// Explanations that a person keeps, in the browser's database: a small head for the list, and the document beside it.

const NAME = `headlight ${new URL('.', document.baseURI).pathname}`;

const open = () =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('heads', { keyPath: 'id' });
      request.result.createObjectStore('documents');
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('blocked'));
  });

/** Does something with both stores, and waits until it is on the disk. */
async function within(mode, act) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(['heads', 'documents'], mode);
      const request = act(transaction.objectStore('heads'), transaction.objectStore('documents'));
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onabort = () => reject(transaction.error);
      transaction.onerror = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** The heads of all that is kept, as JSON. */
export const listKept = async () => JSON.stringify(await within('readonly', (heads) => heads.getAll()));

/** Keeps a document, a blob, under its head, which is JSON. */
export const putKept = (head, blob) =>
  within('readwrite', (heads, documents) => {
    const parsed = JSON.parse(head);
    heads.put(parsed);
    documents.put(blob, parsed.id);
  });

/** One document, as JSON. */
export const getKept = async (id) => (await (await within('readonly', (heads, documents) => documents.get(id)))?.text()) ?? '';

/** Lets go of one. */
export const deleteKept = (id) =>
  within('readwrite', (heads, documents) => {
    heads.delete(id);
    documents.delete(id);
  });
