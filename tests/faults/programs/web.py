"""A Flask application whose every request makes 10 spans by hand."""

import kit
from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/items/<int:number>")
def item(number):
    kit.work(10)
    return jsonify(number=number)


if __name__ == "__main__":
    app.run()
