// Which views a model has, the best one first.
import { openClassifyView, openDetectView } from '/assets/photo-views.js';
import { openDigitView } from '/assets/digit.js';
import { scoresDigits } from '/assets/signature.js';
import { openTensorView } from '/assets/tensor.js';

const tensor = { name: 'tensor', title: 'Tensors', open: openTensorView };
const draw = { name: 'draw', title: 'Draw a digit', open: openDigitView };
const photo = (open) => ({ name: 'photo', title: 'Photo', open });

/// A view is `{name, title, open({name, metadata, caller}) -> {element, close()}}`.
export function viewsFor(metadata) {
  if (readsDigits(metadata)) return [draw, tensor];
  switch (metadata.parameters?.task) {
    case 'detect': return [photo(openDetectView), tensor];
    case 'classify': return [photo(openClassifyView), tensor];
    default: return [tensor];
  }
}

/// One grey picture of 8 by 8 in, a score for each of ten digits out.
function readsDigits({ inputs = [], outputs = [] }) {
  const shape = inputs.length === 1 ? inputs[0].shape.slice(1).map(Number).join() : '';
  return shape === '1,8,8' && inputs[0].datatype === 'FP32' && outputs.some(scoresDigits);
}
