"""How the embedded network was made: `train` trains it, `evaluate` measures it.

python -m scripts.pareidolia.train --workdir=runs/pareidolia
python -m scripts.pareidolia.evaluate --out=runs/pareidolia/report.json
"""
