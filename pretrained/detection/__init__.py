"""Finding objects: Mask R-CNN on the bundled backbone, and the R-CNN of 2014 beside it.

In the order in which to read it:

- the networks: `model`, `heads`; `rcnn` with `proposals`
- from a picture to an answer: `transform`, `serve`, `suppression`, `errors`
- pictures with boxes: `coco`, `coco_files`, `boxes`, `coco_names`, `rle`, `data`, `augment`
- training: `train`, `tasks`, `show`, `select_classes`
- measuring: `evaluate`, `scoring`

``hub/`` does the same for models of the Hugging Face Hub.
"""
