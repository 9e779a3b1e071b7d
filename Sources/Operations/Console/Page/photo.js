// Where a photo comes from: chosen, dropped, pasted, taken with the camera, or drawn by the page.
import { button, make } from '/assets/elements.js';
import { openCamera } from '/assets/camera.js';
import { drawnShapes } from '/assets/shapes.js';

/// Gives `{element, close()}`. `onPhoto(blob, {name, isOnlyHere})` is called for each photo;
/// `isOnlyHere` is true of a picture that is not a file on the person's disk.
export function photoSource({ onPhoto, drawsShapes }) {
  const chooser = fileInput('Choose a photo');
  const takenOnPhone = fileInput('Take a photo', { capture: 'environment' });
  for (const input of [chooser, takenOnPhone]) {
    input.addEventListener('change', () => {
      if (input.files.length) offer(input.files[0]);
      input.value = '';
    });
  }
  const note = make('p', { class: 'hint', role: 'status' });
  const takePhoto = async () => {
    if (matchMedia('(pointer: coarse)').matches) return takenOnPhone.click();
    const refused = await openCamera((blob) => onPhoto(blob, { name: 'camera.jpg', isOnlyHere: true }));
    note.textContent = refused ?? '';
  };
  const offer = (file, isOnlyHere = false) => {
    note.textContent = '';
    onPhoto(file, { name: file.name || 'photo', isOnlyHere });
  };
  const listening = new AbortController();
  listenForDrops(offer, listening.signal);
  listenForPaste((file) => offer(file, true), listening.signal);

  const element = make('div', { class: 'source' },
    make('div', { class: 'row' },
      button('Choose a photo', () => chooser.click(), { class: 'main' }),
      button('Use the camera', takePhoto),
      drawsShapes && button('Draw a picture', async () => onPhoto(await drawnShapes(),
        { name: 'shapes.png', isOnlyHere: true })),
      chooser, takenOnPhone),
    drawsShapes && make('p', { class: 'hint' },
      'This model is a demo for drawings: it knows circles, squares and triangles, and nothing of photos.'),
    note);
  return { element, close: () => listening.abort() };
}

const fileInput = (label, attributes = {}) => make('input', {
  type: 'file', accept: 'image/*', class: 'offscreen', tabindex: '-1', 'aria-label': label, ...attributes,
});

/// The whole window takes drops: a photo that misses the frame must not replace the page.
function listenForDrops(offer, signal) {
  const carriesFiles = (event) => event.dataTransfer?.types.includes('Files');
  const mark = (isOver) => document.body.classList.toggle('dropping', isOver);
  addEventListener('dragover', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    mark(true);
  }, { signal });
  addEventListener('dragleave', (event) => { if (!event.relatedTarget) mark(false); }, { signal });
  addEventListener('drop', (event) => {
    mark(false);
    if (!carriesFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer.files.length) offer(event.dataTransfer.files[0]);
  }, { signal });
}

function listenForPaste(offer, signal) {
  addEventListener('paste', (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((each) => each.type.startsWith('image/'));
    if (!file) return;
    event.preventDefault();
    offer(file);
  }, { signal });
}
